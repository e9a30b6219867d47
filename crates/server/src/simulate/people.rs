//! The customers of the simulated shop. None of them is a real person.

use orderlog_domain::{commands::UpsertCustomer, ids::CustomerId};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Most customers of the shop.
const PEOPLE: usize = 3_000;

const FIRST_NAMES: &[&str] = &[
    "Aarav", "Aditi", "Akash", "Ananya", "Arjun", "Asha", "Bhavna", "Chetan", "Deepa", "Dev", "Divya", "Farhan",
    "Gauri", "Harish", "Isha", "Jaya", "Kabir", "Kavya", "Kiran", "Lata", "Manoj", "Meera", "Mohan", "Nadia", "Neha",
    "Nikhil", "Omar", "Pooja", "Priya", "Rahul", "Ravi", "Rekha", "Rohan", "Sana", "Sanjay", "Shreya", "Sunil", "Tara",
    "Uma", "Vikram",
];

const LAST_NAMES: &[&str] = &[
    "Agarwal",
    "Bose",
    "Chandra",
    "Chopra",
    "Das",
    "Desai",
    "Fernandes",
    "Ghosh",
    "Gupta",
    "Iyer",
    "Jain",
    "Joshi",
    "Kapoor",
    "Khan",
    "Kulkarni",
    "Kumar",
    "Malhotra",
    "Mehta",
    "Menon",
    "Mishra",
    "Mukherjee",
    "Nair",
    "Patel",
    "Pillai",
    "Prasad",
    "Rao",
    "Reddy",
    "Roy",
    "Saxena",
    "Sen",
    "Shah",
    "Sharma",
    "Singh",
    "Sinha",
    "Thomas",
    "Varma",
];

const CITIES: &[&str] = &["Bengaluru", "Chennai", "Delhi", "Hyderabad", "Jaipur", "Kochi", "Kolkata", "Mumbai", "Pune"];

/// A customer.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: CustomerId,
    /// Whether the shop has registered this person.
    pub(super) known: bool,
    name: String,
    email: String,
    address: String,
}

/// All possible customers.
pub(super) fn people(rng: &mut ChaCha8Rng) -> Vec<Person> {
    let person = |number: usize| {
        let first = FIRST_NAMES[rng.random_range(0..FIRST_NAMES.len())];
        let last = LAST_NAMES[rng.random_range(0..LAST_NAMES.len())];
        let city = CITIES[rng.random_range(0..CITIES.len())];
        Person {
            id: CustomerId(uuid::Builder::from_random_bytes(rng.random()).into_uuid()),
            known: false,
            name: format!("{first} {last}"),
            email: format!("{}.{}.{number}@example.com", first.to_lowercase(), last.to_lowercase()),
            address: format!("{} Lake Road, {city}", rng.random_range(1..200)),
        }
    };
    (1..=PEOPLE).map(person).collect()
}

/// Chooses a customer; some come often, most seldom.
pub(super) fn who_orders(people: usize, rng: &mut ChaCha8Rng) -> usize {
    let (one, other) = (rng.random_range(0..people), rng.random_range(0..people));
    one.min(other)
}

impl Person {
    /// The personal data that the shop gets.
    pub(super) fn particulars(&self) -> UpsertCustomer {
        UpsertCustomer {
            customer: None,
            name: Some(self.name.clone()),
            email: Some(self.email.clone()),
            phone: None,
            address: Some(self.address.clone()),
        }
    }
}
