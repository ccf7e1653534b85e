//! Checks a form field by field and keeps every fault, so that a person mends all of them at once.

use crate::refusal::{Fault, FaultCode, Refusal};

/// The faults of one form, in the order in which its fields were checked.
#[derive(Debug, Default)]
pub struct FormCheck {
    faults: Vec<Fault>,
}

impl FormCheck {
    /// A form of which nothing has been checked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A text field that must be there and that `parse` must take. `None` when a fault was noted.
    pub fn required<T>(
        &mut self,
        field: &'static str,
        value: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, FaultCode>,
    ) -> Option<T> {
        self.required_as_typed(field, value.filter(|text| !text.trim().is_empty()), parse)
    }

    /// The same for a field in which spaces count: only an empty one is missing.
    pub fn required_as_typed<T>(
        &mut self,
        field: &'static str,
        value: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, FaultCode>,
    ) -> Option<T> {
        let parsed = match value {
            Some(text) if !text.is_empty() => parse(text),
            _ => Err(FaultCode::Required),
        };
        match parsed {
            Ok(value) => Some(value),
            Err(code) => {
                self.note(field, code);
                None
            }
        }
    }

    /// A box that must be ticked: absent is `required`, false is `terms-not-accepted`.
    pub fn accepted(&mut self, field: &'static str, value: Option<bool>) -> Option<()> {
        match value {
            Some(true) => return Some(()),
            Some(false) => self.note(field, FaultCode::TermsNotAccepted),
            None => self.note(field, FaultCode::Required),
        }
        None
    }

    /// The whole form, once every field was checked.
    ///
    /// # Errors
    /// `Refusal::InvalidForm` with every fault noted so far.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Refusal> {
        if !self.faults.is_empty() {
            return Err(Refusal::InvalidForm(self.faults));
        }
        build().ok_or(Refusal::InvalidForm(self.faults))
    }

    fn note(&mut self, field: &'static str, code: FaultCode) {
        self.faults.push(Fault { field, code });
    }
}
