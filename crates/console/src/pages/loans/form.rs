//! A form from its JSON Schema with what was filled in, to read. What the schema does not describe, or describes in words
//! that are not known here, is shown as it came: nothing that somebody filled in is left out.

use super::facts::{Fact, Shown, entries, lines, scalar};
use crate::json::{Node, plain};
use crate::texts::{Texts, fill};

/// Schemas within schemas that are followed; beyond them the value is shown without.
const DEEPEST: usize = 12;

/// Fields of one form at most: a schema that refers to itself must not fill a page.
const MOST: usize = 2_000;

/// Parts of a schema that decide by the data what holds: nobody judges them here, so they are shown.
const UNKNOWN: [&str; 9] = [
    "anyOf",
    "oneOf",
    "not",
    "if",
    "patternProperties",
    "propertyNames",
    "dependentSchemas",
    "dependencies",
    "$dynamicRef",
];

/// One line of a form.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) fact: Fact,
    /// It has to be filled in, and is not.
    pub(crate) is_missing: bool,
    /// What of the schema is not known here.
    pub(crate) schema: Option<String>,
}

/// The form, field by field; empty where there is neither a schema nor anything filled in.
pub(crate) fn fields(t: &Texts, schema: &Node, data: &Node) -> Vec<Field> {
    let mut form = Form { t, root: schema, fields: Vec::new() };
    match schema {
        Node::Members(_) => form.members(schema, data, 0),
        _ => form.plain("", data, 0),
    }
    form.fields
}

struct Form<'a> {
    t: &'a Texts,
    root: &'a Node,
    fields: Vec<Field>,
}

impl<'a> Form<'a> {
    /// The properties of an object, then what was filled in besides.
    fn members(&mut self, schema: &'a Node, data: &Node, depth: usize) {
        let mut schemas = Vec::new();
        self.all_of(schema, 0, &mut schemas);
        let mut seen: Vec<&str> = Vec::new();
        let required = |name: &str| {
            let lists = schemas.iter().flat_map(|schema| schema.at("required").list());
            lists.into_iter().any(|one| one.raw() == name)
        };
        for (name, sub) in schemas.iter().flat_map(|schema| schema.at("properties").members()) {
            if !seen.contains(&name.as_str()) {
                seen.push(name);
                self.field(name, sub, data.at(name), depth, required(name));
            }
        }
        for unknown in schemas.iter().filter_map(|schema| unknown(schema)) {
            let hint = Shown::Text(self.t.data.nothing.to_owned());
            self.push(Fact { depth, ..Fact::new(self.t.loans.more_rules, hint) }, false, Some(unknown));
        }
        if matches!(data, Node::Members(_)) {
            let others = data.members().iter().filter(|(name, _)| !seen.contains(&name.as_str()));
            others.for_each(|(name, value)| self.plain(name, value, depth));
        } else if !data.is_blank() {
            self.plain("", data, depth);
        }
    }

    /// One field.
    fn field(&mut self, name: &str, schema: &'a Node, data: &Node, depth: usize, required: bool) {
        let schema = self.resolved(schema, 0);
        let title = schema.at("title").raw();
        let name = if title.is_empty() { name } else { title };
        if data.is_blank() {
            let text = if required { self.t.loans.required_missing } else { self.t.loans.not_filled_in };
            return self.line(name, Shown::Text(text.to_owned()), schema, depth, required);
        }
        let is_known = depth < DEEPEST && self.fields.len() < MOST && unknown(schema).is_none();
        match data {
            Node::Members(_) if is_known && has_members(schema) => {
                self.line(name, Shown::Heading(String::new()), schema, depth, false);
                self.members(schema, data, depth + 1);
            }
            Node::List(elements) if is_known && !elements.is_empty() => {
                let heading = entries(self.t, elements.len());
                self.line(name, Shown::Heading(heading), schema, depth, false);
                for (number, element) in elements.iter().enumerate() {
                    self.field(&(number + 1).to_string(), of_element(schema, number), element, depth + 1, false);
                }
            }
            Node::Members(_) | Node::List(_) => {
                self.plain(name, data, depth);
                if let (Some(last), unknown) = (self.fields.last_mut(), unknown(schema)) {
                    last.schema = unknown;
                }
            }
            value => self.line(name, self.choice(schema, value), schema, depth, false),
        }
    }

    fn line(&mut self, name: &str, value: Shown, schema: &Node, depth: usize, is_missing: bool) {
        let hint = schema.text("description");
        let fact = Fact { depth: depth.min(6), hint, ..Fact::new(name, value) };
        let schema = if has_choices(schema) { None } else { unknown(schema) };
        self.push(fact, is_missing, schema);
    }

    fn push(&mut self, fact: Fact, is_missing: bool, schema: Option<String>) {
        self.fields.push(Field { fact, is_missing, schema });
    }

    /// What no schema describes.
    fn plain(&mut self, name: &str, value: &Node, depth: usize) {
        let mut facts = Vec::new();
        if !(name.is_empty() && value.is_blank()) {
            lines(self.t, if name.is_empty() { self.t.loans.value } else { name }, value, depth, &mut facts);
        }
        for fact in facts {
            self.push(fact, false, None);
        }
    }

    /// A value in the words of the schema, where it names what can be chosen.
    fn choice(&self, schema: &Node, value: &Node) -> Shown {
        let of_one = schema.at("oneOf").list().iter().find(|one| one.at("const") == value);
        let place = schema.at("enum").list().iter().position(|one| one == value);
        let names = schema.at("enumNames").list();
        let title = of_one.map(|one| one.at("title").raw()).or_else(|| place.and_then(|n| names.get(n)).map(Node::raw));
        match title.filter(|title| !title.is_empty()) {
            Some(title) if title != value.raw() => Shown::Text(fill(self.t.loans.with_more, &[title, value.raw()])),
            _ => scalar(self.t, value),
        }
    }

    /// The schema with what its `allOf` adds. Each stands there once: some that refer to each other would be without end.
    fn all_of(&self, schema: &'a Node, depth: usize, all: &mut Vec<&'a Node>) {
        let schema = self.resolved(schema, 0);
        if depth > DEEPEST || all.len() >= MOST || all.iter().any(|known| std::ptr::eq(*known, schema)) {
            return;
        }
        all.push(schema);
        schema.at("allOf").list().iter().for_each(|one| self.all_of(one, depth + 1, all));
    }

    /// The schema that `$ref` names, where it lies in the same document.
    fn resolved(&self, schema: &'a Node, depth: usize) -> &'a Node {
        let Some(path) = schema.at("$ref").raw().strip_prefix("#/") else { return schema };
        let step = |at: Option<&'a Node>, part: &str| {
            let name = part.replace("~1", "/").replace("~0", "~");
            at.map(|at| at.at(&name)).filter(|found| !found.is_blank())
        };
        match path.split('/').fold(Some(self.root), step) {
            Some(found) if depth < DEEPEST => self.resolved(found, depth + 1),
            _ => schema,
        }
    }
}

/// Whether it describes the members of an object.
fn has_members(schema: &Node) -> bool {
    ["properties", "allOf"].iter().any(|name| !schema.at(name).is_blank())
}

/// Whether it names what can be chosen.
fn has_choices(schema: &Node) -> bool {
    let choices = schema.at("oneOf").list();
    !choices.is_empty() && choices.iter().all(|one| !one.at("const").is_blank())
}

/// The schema of an element of a list.
fn of_element(schema: &Node, number: usize) -> &Node {
    let first = if schema.at("prefixItems").is_blank() { "items" } else { "prefixItems" };
    match schema.at(first) {
        Node::List(each) => each.get(number).unwrap_or_else(|| schema.at("additionalItems")),
        one => one,
    }
}

/// The parts of a schema that are not known here.
fn unknown(schema: &Node) -> Option<String> {
    if has_choices(schema) {
        return None;
    }
    let external = !schema.at("$ref").is_blank();
    let parts =
        schema.members().iter().filter(|(name, _)| UNKNOWN.contains(&name.as_str()) || (external && name == "$ref"));
    let parts: Vec<_> = parts.cloned().collect();
    (!parts.is_empty()).then(|| plain(&Node::Members(parts).to_string()))
}
