//! Arguments of fields as Rust types.

use crate::bridge::{InputType, Pos, Value};
use crate::bridge::{MetaInputValue, MetaType, Registry};

use super::declare::Arguments;
use super::document::Scalar;

/// The arguments of a field: those of an input object, one of them alone, or none.
pub trait Take: Send + Sync + Sized + 'static {
    fn register(registry: &mut Registry) -> Arguments;
    /// # Errors
    /// A message for the client where they are wrong.
    fn take(values: Value) -> Result<Self, String>;
}

impl Take for () {
    fn register(_: &mut Registry) -> Arguments {
        Arguments::new()
    }

    fn take(_: Value) -> Result<Self, String> {
        Ok(())
    }
}

/// An input object whose fields are the arguments of a field; it does not stand in the schema itself.
pub struct Args<T>(pub T);

impl<T: InputType + 'static> Take for Args<T> {
    fn register(registry: &mut Registry) -> Arguments {
        T::create_type_info(registry);
        let name = T::type_name();
        match registry.types.remove(name.as_ref()) {
            Some(MetaType::InputObject { input_fields, .. }) => input_fields,
            _ => unreachable!("{name} is derived as an input object"),
        }
    }

    fn take(values: Value) -> Result<Self, String> {
        parse(Some(values)).map(Args)
    }
}

/// The one argument `input`, as changes have it. It is described with [`Def::about`](super::Def::about).
pub struct Input<T>(pub T);

impl<T: InputType + 'static> Take for Input<T> {
    fn register(registry: &mut Registry) -> Arguments {
        let ty = T::create_type_info(registry);
        Arguments::from_iter([(INPUT.to_owned(), MetaInputValue::new(INPUT, ty))])
    }

    fn take(values: Value) -> Result<Self, String> {
        let Value::Object(mut values) = values else { return parse(None).map(Input) };
        parse(values.swap_remove(INPUT)).map(Input)
    }
}

/// A scalar that takes the values which its Rust type does.
pub fn scalar<T: InputType>() -> Scalar {
    Scalar::Own(|value| parse::<T>(Some(value.clone())).map(drop))
}

/// The name of the argument.
const INPUT: &str = "input";

fn parse<T: InputType>(value: Option<Value>) -> Result<T, String> {
    T::parse(value).map_err(|error| error.into_server_error(Pos::default()).message)
}
