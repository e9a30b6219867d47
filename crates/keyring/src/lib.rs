//! Keys of customers and of the shop: seal what people typed, open it again where it was sealed, and find customers by a
//! keyed hash of their e-mail address. Deleting a customer's key forgets the person.

mod keyring;
mod seal;
mod store;

pub use self::{
    keyring::{FORGOTTEN, Keyring, Owner, Pretended, Progress},
    store::{AccessKey, CONNECTIONS as POSTGRES_CONNECTIONS, keys_file},
};
