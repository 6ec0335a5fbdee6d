//! Random arguments, as literals and as variables.

use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{Name, Value as Constant};
use async_graphql_value::Value;

use super::contract::{Argument, Contract, Field, Kind};
use super::document::{Variable, variable};
use super::generate::{Style, Words};
use super::random::Random;

pub struct Values<'a> {
    pub contract: &'a Contract,
    pub words: &'a Words,
    pub style: Style,
    pub variables: Vec<Variable>,
}

type Given = Vec<(String, Value)>;

impl Values<'_> {
    pub fn arguments(&mut self, field: &Field, depth: usize, random: &mut Random) -> Given {
        let mut constants: Vec<(&str, Constant)> = Vec::new();
        let has = |name: &str| field.arguments.iter().any(|argument| argument.name == name);
        if has("first") {
            self.page(has("page"), depth, &mut constants, random);
        }
        for argument in &field.arguments {
            let name = argument.name.as_str();
            let value = match name {
                "id" => Some(self.id(&field.name, random)),
                "ids" => Some(Constant::List((0..random.below(6)).map(|_| self.id("node", random)).collect())),
                "direction" | "status" if random.percent(40) => Some(self.value(&argument.takes, name, 0, random)),
                "filter" | "orderBy" if !self.style.plain && random.percent(20) => {
                    Some(self.value(&argument.takes, name, 0, random))
                }
                _ => None,
            };
            constants.extend(value.map(|value| (name, value)));
        }
        let given = constants.into_iter().map(|(name, value)| {
            let argument = field.arguments.iter().find(|argument| argument.name == name).unwrap();
            (name.to_owned(), self.given(argument, value, random))
        });
        given.collect()
    }

    fn page(&self, numbered: bool, depth: usize, constants: &mut Vec<(&str, Constant)>, random: &mut Random) {
        let size = Constant::from(random.between(1, 4));
        match random.below(100) {
            0..8 => {}
            8..65 => constants.push(("first", size)),
            65..82 => constants.push(("last", size)),
            82..90 if numbered => {
                constants.push(("first", size));
                constants.push(("page", random.between(1, 3).into()));
            }
            90..96 if self.style.wrong && depth > 0 => {
                constants.push(("first", random.between(-1, 1).into()));
                constants.push(("last", size));
            }
            _ if self.style.wrong && depth > 0 => {
                // A cursor of this list or of another one.
                constants.push((*random.one(&["after", "before"]), random.one(&self.words.cursors).clone().into()));
                constants.push((*random.one(&["first", "last"]), size));
            }
            _ => constants.push(("first", size)),
        }
    }

    fn id(&self, field: &str, random: &mut Random) -> Constant {
        let kind = match field {
            "note" => "Note",
            "customer" => "Customer",
            "user" => "User",
            _ => {
                let kinds: Vec<&String> = self.words.ids.keys().collect();
                random.one(&kinds).as_str()
            }
        };
        if random.percent(5) {
            // The ID of an assignment has two keys.
            let missing = if kind == "NoteAssignee" { "999999:999999" } else { "999999" };
            return format!("{kind}:{missing}").into();
        }
        random.one(&self.words.ids[kind]).clone().into()
    }

    /// The condition of `@skip` or `@include`, as a variable.
    pub fn condition(&mut self, value: bool, random: &mut Random) -> Value {
        let (ty, default, sent) = match random.below(4) {
            0 => ("Boolean!", Some(value), None),
            1 => ("Boolean", Some(value), None),
            2 => ("Boolean!", Some(!value), Some(value)),
            _ => ("Boolean!", None, Some(value)),
        };
        self.variable(ty.to_owned(), default.map(Constant::Boolean), sent.map(Constant::Boolean))
    }

    fn variable(&mut self, ty: String, default: Option<Constant>, sent: Option<Constant>) -> Value {
        self.variables.push(Variable { ty, default, sent });
        Value::Variable(variable(self.variables.len() - 1))
    }

    /// An argument's value, either as a literal or as a variable.
    fn given(&mut self, argument: &Argument, value: Constant, random: &mut Random) -> Value {
        let ty = argument.takes.to_string();
        let nullable = ty.trim_end_matches('!').to_owned();
        let may_be_left_out = argument.takes.nullable || argument.has_default;
        match random.below(100) {
            0..60 => self.literal(value, &argument.takes, random),
            60..75 => self.variable(ty, None, Some(value)),
            75..80 => self.variable(format!("{nullable}!"), None, Some(value)),
            80..85 => self.variable(nullable, Some(value), None),
            85..90 => {
                let other = match &argument.name[..] {
                    "id" | "ids" => value.clone(),
                    "first" | "last" | "page" => Constant::from(2),
                    "after" | "before" => Constant::from("x"),
                    name => self.value(&argument.takes, name, 0, random),
                };
                self.variable(ty, Some(other), Some(value))
            }
            90..95 if may_be_left_out => self.variable(nullable, None, None),
            95..97 if argument.takes.nullable => self.variable(nullable, None, Some(Constant::Null)),
            _ => value.into_value(),
        }
    }

    /// A literal, sometimes with variables inside.
    fn literal(&mut self, value: Constant, ty: &Type, random: &mut Random) -> Value {
        match (value, &ty.base) {
            (Constant::List(items), BaseType::List(inner)) => {
                Value::List(items.into_iter().map(|item| self.within(item, inner, random)).collect())
            }
            (Constant::Object(fields), BaseType::Named(name)) => {
                let contract = self.contract;
                let Some(Kind::Input(known)) = contract.types.get(name.as_str()) else { unreachable!("{name}") };
                let fields = fields.into_iter().map(|(name, value)| {
                    let field = known.iter().find(|field| field.name == name.as_str()).unwrap();
                    let value = self.within(value, &field.takes, random);
                    (name, value)
                });
                Value::Object(fields.collect())
            }
            (value, _) => value.into_value(),
        }
    }

    fn within(&mut self, value: Constant, ty: &Type, random: &mut Random) -> Value {
        if random.percent(15) {
            let sent = (!ty.nullable || random.percent(70)).then_some(value);
            return self.variable(ty.to_string(), None, sent);
        }
        self.literal(value, ty, random)
    }

    /// A value of an input type. `about` is the name of the argument or field.
    fn value(&self, ty: &Type, about: &str, depth: usize, random: &mut Random) -> Constant {
        let name = match &ty.base {
            BaseType::List(inner) => {
                if random.percent(10) {
                    return self.value(inner, about, depth, random);
                }
                // Two orders by the same field are an error of the list.
                let most = if about == "orderBy" && !self.style.wrong { 2 } else { 3 };
                return Constant::List(
                    (0..random.below(most)).map(|_| self.value(inner, about, depth, random)).collect(),
                );
            }
            BaseType::Named(name) => name,
        };
        match &self.contract.types.get(name.as_str()) {
            Some(Kind::Enum(values)) => {
                // RELEVANCE needs a search, and lists with a search have their own oracle.
                let values: Vec<&String> = values.iter().filter(|value| *value != "RELEVANCE").collect();
                Constant::Enum(Name::new(random.one(&values)))
            }
            Some(Kind::Input(fields)) => {
                let simple = |field: &&Argument| depth < 2 || !field.takes.to_string().contains("NoteFilter");
                let pool: Vec<&Argument> = fields.iter().filter(simple).collect();
                let chosen = (random.one(&pool).name.as_str(), random.one(&pool).name.as_str());
                let wanted = pool.into_iter().filter(|field| {
                    let required = !field.takes.nullable && !field.has_default;
                    required || field.name == chosen.0 || field.name == chosen.1
                });
                let fields = wanted.map(|field| {
                    let comparison = ["eq", "neq", "in", "notIn", "any", "all", "none"].contains(&field.name.as_str());
                    let about = if comparison { about } else { &field.name };
                    (Name::new(&field.name), self.value(&field.takes, about, depth + 1, random))
                });
                Constant::Object(fields.collect())
            }
            _ => self.scalar(name, about, random),
        }
    }

    fn scalar(&self, ty: &str, about: &str, random: &mut Random) -> Constant {
        match ty {
            "Int" => random.between(1, 4).into(),
            "Boolean" => random.percent(50).into(),
            "ID" => {
                let kind = match about {
                    "customerId" => "Customer",
                    "userId" | "assignees" | "postedById" => "User",
                    "typeId" => "NoteType",
                    "id" => "Note",
                    _ => return format!("R{}", random.below(3)).into(),
                };
                random.one(&self.words.ids[kind]).clone().into()
            }
            "DateTime" => format!("2026-03-0{}T09:00:00Z", random.between(1, 9)).into(),
            _ => "text".into(),
        }
    }
}
