//! Values of scalar fields, and how they are written.

use std::fmt::Display;

use crate::bridge::{ID, OutputType, Registry, ScalarType};
use crate::error::{Error, Result};

/// A scalar or an enum that can be written as JSON.
pub trait LeafValue {
    /// Whether the value may be null.
    const NULLABLE: bool = false;

    /// Registers the type with the schema and returns its name, with `!` if it is never null.
    fn register(registry: &mut Registry) -> String;

    /// Checks that the schema type can represent the value; most types can represent all.
    ///
    /// # Errors
    /// The error of the field.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn write(&self, out: &mut Vec<u8>);
}

/// Writes a JSON string (RFC 8259, section 7).
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to a Vec does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// `Int` has 32 bits (GraphQL, section 3.5.1).
fn check_int<N: Copy + Display>(number: &N) -> Result<()>
where
    i32: TryFrom<N>,
{
    let is_int = i32::try_from(*number).is_ok();
    if is_int {
        Ok(())
    } else {
        Err(Error::new(format!("Int cannot represent non 32-bit signed integer value: {number}")))
    }
}

/// `Float` is finite (GraphQL, section 3.5.2).
fn check_float(number: f64) -> Result<()> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(Error::new(format!("Float cannot represent non numeric value: {number}")))
    }
}

macro_rules! leaf {
    ($($kind:ty: $write:expr $(, $check:expr)?;)*) => {$(
        impl LeafValue for $kind {
            fn register(registry: &mut Registry) -> String {
                <$kind as OutputType>::create_type_info(registry)
            }

            $(fn check(&self) -> Result<()> {
                let check: fn(&$kind) -> Result<()> = $check;
                check(self)
            })?

            fn write(&self, out: &mut Vec<u8>) {
                let write: fn(&$kind, &mut Vec<u8>) = $write;
                write(self, out);
            }
        }
    )*};
}

leaf! {
    bool: |value, out| out.extend_from_slice(if *value { b"true" } else { b"false" });
    i32: |value, out| { let _ = serde_json::to_writer(out, value); };
    i64: |value, out| { let _ = serde_json::to_writer(out, value); }, check_int;
    u32: |value, out| { let _ = serde_json::to_writer(out, value); }, check_int;
    u64: |value, out| { let _ = serde_json::to_writer(out, value); }, check_int;
    usize: |value, out| { let _ = serde_json::to_writer(out, value); }, check_int;
    f32: |value, out| { let _ = serde_json::to_writer(out, value); }, |value| check_float(f64::from(*value));
    f64: |value, out| { let _ = serde_json::to_writer(out, value); }, |value| check_float(*value);
    String: |value, out| write_text(value, out);
    ID: |value, out| write_text(value, out);
}

/// A value of a custom scalar, as async-graphql's macro `Scalar` defines them.
///
/// ```
/// use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
/// use breadth::{ScalarValue, field, object};
///
/// struct Celsius(i32);
///
/// #[Scalar]
/// impl ScalarType for Celsius {
///     fn parse(value: Value) -> InputValueResult<Self> {
///         <i32 as InputType>::parse(Some(value)).map(Self).map_err(InputValueError::propagate)
///     }
///
///     fn to_value(&self) -> Value {
///         self.0.into()
///     }
/// }
///
/// struct Room {
///     degrees: i32,
/// }
///
/// object! {
///     /// A room.
///     Room {
///         /// The temperature.
///         warmth = field(|room: &Room| ScalarValue(Celsius(room.degrees)));
///     }
/// }
/// ```
pub struct ScalarValue<T>(pub T);

impl<T: ScalarType + OutputType> LeafValue for ScalarValue<T> {
    fn register(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        // Writing to a Vec does not fail.
        let _ = serde_json::to_writer(out, &self.0.to_value());
    }
}

impl LeafValue for &'static str {
    fn register(registry: &mut Registry) -> String {
        <str as OutputType>::create_type_info(registry)
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }
}

impl<T: LeafValue> LeafValue for Option<T> {
    const NULLABLE: bool = true;

    fn register(registry: &mut Registry) -> String {
        let name = T::register(registry);
        name.strip_suffix('!').unwrap_or(&name).to_owned()
    }

    fn check(&self) -> Result<()> {
        self.as_ref().map_or(Ok(()), LeafValue::check)
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: LeafValue> LeafValue for Vec<T> {
    fn register(registry: &mut Registry) -> String {
        format!("[{}]!", T::register(registry))
    }

    fn check(&self) -> Result<()> {
        self.iter().try_for_each(LeafValue::check)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            value.write(out);
        }
        out.push(b']');
    }
}

/// Implements [`LeafValue`] for an enum of async-graphql.
#[macro_export]
macro_rules! leaf_enum {
    ($kind:ty) => {
        impl $crate::LeafValue for $kind {
            fn register(registry: &mut $crate::Registry) -> String {
                <$kind as $crate::OutputType>::create_type_info(registry)
            }

            fn write(&self, out: &mut Vec<u8>) {
                let items = <$kind as $crate::EnumType>::items();
                // Names of the schema need no escapes.
                if let Some(item) = items.iter().find(|item| item.value == *self) {
                    out.push(b'"');
                    out.extend_from_slice(item.name.as_bytes());
                    out.push(b'"');
                }
            }
        }
    };
}
