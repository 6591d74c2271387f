//! The documents about which .NET and we may differ, and why.

use std::collections::BTreeMap;

use interop_tests::repository;

/// How many of the documents of one direction may be excepted.
const MOST: usize = 5;

/// Fails unless exactly the listed documents of `direction` are those that differ.
pub(crate) fn check(direction: &str, differences: &[(usize, String)]) {
    let listed = listed(direction);
    let unlisted: Vec<_> = differences.iter().filter(|(number, _)| !listed.contains_key(number)).collect();
    let shown: String =
        unlisted.iter().take(20).map(|(number, difference)| format!("{number}: {difference}\n")).collect();
    assert!(
        unlisted.is_empty(),
        "{direction}: {} documents differ and are not listed\n{shown}",
        unlisted.len()
    );
    let agreed: Vec<_> =
        listed.keys().filter(|number| differences.iter().all(|(found, _)| found != *number)).collect();
    assert!(agreed.is_empty(), "{direction}: listed, and yet there is no difference: {agreed:?}");
    assert!(listed.len() <= MOST, "{direction}: {} exceptions, at most {MOST}", listed.len());
}

/// Lines `direction number why` of `dotnet-xml/exceptions.txt`.
fn listed(direction: &str) -> BTreeMap<usize, String> {
    let file = repository().join("interop-tests/dotnet-xml/exceptions.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let parts = lines.map(|line| {
        let mut parts = line.splitn(3, ' ');
        let (of, number, why) = (parts.next(), parts.next(), parts.next());
        (of.unwrap(), number.unwrap().parse().unwrap(), why.expect("an explanation").to_owned())
    });
    parts.filter(|(of, ..)| *of == direction).map(|(_, number, why)| (number, why)).collect()
}
