//! Keys of customers and of the shop: seal texts that people typed, open them again in their field, and find customers
//! by a keyed hash of their e-mail address. Deleting a customer's key makes the person's texts unreadable.

mod keyring;
mod seal;
mod store;

pub use self::{
    keyring::{FORGOTTEN, Keyring, Owner, Pretended, Progress},
    store::{AccessKey, CONNECTIONS as POSTGRES_CONNECTIONS, keys_file},
};
