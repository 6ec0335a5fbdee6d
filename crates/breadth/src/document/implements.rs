//! Checks that types have what their interfaces require (GraphQL, section 3.6.1, `IsValidImplementation`). Plans rely
//! on that, as a document may select any field of an interface.

use super::schema::{Field, Fields, Schema, TypeDefinition, TypeId, TypeKind, TypeRef};

impl Schema {
    /// # Errors
    /// A message that says what a type lacks.
    pub fn check_interfaces(&self) -> Result<(), String> {
        for definition in &self.types {
            for interface in &definition.interfaces {
                self.implements(definition, *interface).map_err(|what| {
                    format!("{} does not implement {}: {what}", definition.name, self.name(*interface))
                })?;
            }
        }
        Ok(())
    }

    fn implements(&self, definition: &TypeDefinition, interface: TypeId) -> Result<(), String> {
        let (TypeKind::Object(fields) | TypeKind::Interface(fields)) = &definition.kind else {
            return Err("it has no fields".to_owned());
        };
        let Some(TypeDefinition { kind: TypeKind::Interface(promised), interfaces, .. }) =
            self.types.get(interface as usize)
        else {
            return Err("that is no interface".to_owned());
        };
        if let Some(missing) = interfaces.iter().find(|inherited| !definition.interfaces.contains(inherited)) {
            return Err(format!("it does not implement {}", self.name(*missing)));
        }
        promised.all.iter().try_for_each(|promised| self.has(fields, promised))
    }

    fn has(&self, fields: &Fields, promised: &Field) -> Result<(), String> {
        let name = &promised.name;
        let Some(field) = fields.get(name) else { return Err(format!("it has no field {name}")) };
        if !self.is_covariant(&field.ty, &promised.ty) {
            return Err(format!("{name} is {}, not {}", self.show(&field.ty), self.show(&promised.ty)));
        }
        for argument in &promised.arguments {
            let found = field.arguments.iter().find(|found| found.name == argument.name);
            if found.is_none_or(|found| found.ty != argument.ty) {
                return Err(format!("{name} has no argument {}: {}", argument.name, self.show(&argument.ty)));
            }
        }
        let is_promised = |name: &str| promised.arguments.iter().any(|argument| argument.name == name);
        match field.arguments.iter().find(|argument| argument.is_required() && !is_promised(&argument.name)) {
            Some(more) => Err(format!("{name} requires the argument {}", more.name)),
            None => Ok(()),
        }
    }

    /// Whether all values of `ty` are values of `general`.
    fn is_covariant(&self, ty: &TypeRef, general: &TypeRef) -> bool {
        match (ty, general) {
            (TypeRef::NonNull(ty), general) => self.is_covariant(ty, general.nullable()),
            (TypeRef::List(ty), TypeRef::List(general)) => self.is_covariant(ty, general),
            (TypeRef::Named(ty), TypeRef::Named(general)) => {
                let implements = |definition: &TypeDefinition| definition.interfaces.contains(general);
                ty == general
                    || self.is(self.name(*ty), self.name(*general))
                    || self.types.get(*ty as usize).is_some_and(implements)
            }
            _ => false,
        }
    }
}
