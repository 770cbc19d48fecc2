//! What is wrong with a form, at which field.

/// One fault. A field without a name is the form as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

/// All of them, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// One fault of the form as a whole.
    pub(crate) fn whole(text: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add("", text);
        faults
    }

    /// One fault of a field.
    pub(crate) fn at(field: &'static str, text: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(field, text);
        faults
    }

    pub(crate) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push(Fault { field, text: text.into() });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// What is wrong with that field.
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }
}
