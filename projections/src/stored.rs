//! Structs that are stored as JSON arrays: the names of the fields would take more room than the fields.

/// Declares a struct that is written and read as the array of its fields, in their order.
macro_rules! stored_as_array {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $( $(#[$doc:meta])* $field:ident: $type:ty ),+ $(,)? }) => {
        $(#[$meta])*
        $vis struct $name {
            $( $(#[$doc])* $vis $field: $type, )+
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ( $( &self.$field, )+ ).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let ( $( $field, )+ ) = <( $( $type, )+ )>::deserialize(deserializer)?;
                Ok($name { $( $field, )+ })
            }
        }
    };
}
pub(crate) use stored_as_array;
