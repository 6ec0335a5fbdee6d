//! Parses arguments of fields into Rust types.

use crate::bridge::{InputType, MetaInputValue, MetaType, Pos, Registry, Value};

use super::declare::Arguments;
use crate::document::Scalar;

/// The arguments of a field: the fields of an input object, the single argument `input`, or none.
pub trait FromArguments: Send + Sync + Sized + 'static {
    fn register(registry: &mut Registry) -> Arguments;
    /// # Errors
    /// A message for the client, if the arguments are invalid.
    fn from_arguments(values: Value) -> Result<Self, String>;
}

impl FromArguments for () {
    fn register(_: &mut Registry) -> Arguments {
        Arguments::new()
    }

    fn from_arguments(_: Value) -> Result<Self, String> {
        Ok(())
    }
}

/// Takes the fields of an input object as arguments; the input object itself is not part of the schema.
pub struct Args<T>(pub T);

impl<T: InputType + 'static> FromArguments for Args<T> {
    fn register(registry: &mut Registry) -> Arguments {
        T::create_type_info(registry);
        let name = T::type_name();
        match registry.types.remove(name.as_ref()) {
            Some(MetaType::InputObject { input_fields, .. }) => input_fields,
            _ => unreachable!("{name} is derived as an input object"),
        }
    }

    fn from_arguments(values: Value) -> Result<Self, String> {
        parse(Some(values)).map(Args)
    }
}

/// Takes the single argument `input`, as mutations do. [`FieldDefinition::describe_argument`](crate::FieldDefinition::describe_argument) describes it.
pub struct Input<T>(pub T);

impl<T: InputType + 'static> FromArguments for Input<T> {
    fn register(registry: &mut Registry) -> Arguments {
        let ty = T::create_type_info(registry);
        Arguments::from_iter([(INPUT.to_owned(), MetaInputValue::new(INPUT, ty))])
    }

    fn from_arguments(values: Value) -> Result<Self, String> {
        let Value::Object(mut values) = values else { return parse(None).map(Input) };
        parse(values.swap_remove(INPUT)).map(Input)
    }
}

/// Checks values of a custom scalar by parsing them into its Rust type.
pub fn scalar<T: InputType>() -> Scalar {
    Scalar::Own(|value| parse::<T>(Some(value.clone())).map(drop))
}

/// The name of the single argument.
const INPUT: &str = "input";

fn parse<T: InputType>(value: Option<Value>) -> Result<T, String> {
    T::parse(value).map_err(|error| error.into_server_error(Pos::default()).message)
}
