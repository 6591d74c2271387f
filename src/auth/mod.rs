//! Who may: SAS tokens, claims and rights. Pure; time is an argument.
