//! How an HTTP entity stands in the body of an envelope.

/// The text of the header `BodyFormat`, in exact case (7.4, 7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyFormat {
    /// No entity; in a reply also an element as it is.
    Default,
    /// An element as it is.
    Xml,
    /// JSON as XML; replies alone.
    Json,
    /// Octets in an element `Binary`.
    Raw,
    /// Octets of a text envelope of SOAP 1.1, directly in the body.
    WrappedSoap11,
    /// The same of SOAP 1.2; in a reply also any other XML.
    WrappedSoap12,
}

impl BodyFormat {
    const ALL: [Self; 6] =
        [Self::Default, Self::Xml, Self::Json, Self::Raw, Self::WrappedSoap11, Self::WrappedSoap12];

    /// The text on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Xml => "Xml",
            Self::Json => "Json",
            Self::Raw => "Raw",
            Self::WrappedSoap11 => "WrappedSoap11",
            Self::WrappedSoap12 => "WrappedSoap12",
        }
    }

    /// The format with this name. One that nobody knows is [`Self::Default`], as the library has it (7.4).
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|format| format.name() == name).unwrap_or(Self::Default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_exact_case() {
        for format in BodyFormat::ALL {
            assert_eq!(BodyFormat::of(format.name()), format);
        }
        assert_eq!(BodyFormat::of("wrappedsoap11"), BodyFormat::Default);
        assert_eq!(BodyFormat::of(""), BodyFormat::Default);
    }
}
