//! Several cookies in one header value: .NET listeners join them with a comma (5.5).

/// Splits a joined `Set-Cookie` value at a comma followed by `token=`; the comma inside an `Expires` date is none.
pub fn split_set_cookie(joined: &str) -> Vec<&str> {
    let mut cookies = Vec::new();
    let mut start = 0;
    for (at, _) in joined.match_indices(',') {
        if begins_cookie(&joined[at + 1..]) {
            cookies.push(joined[start..at].trim());
            start = at + 1;
        }
    }
    cookies.push(joined[start..].trim());
    cookies
}

/// `name=` with a name of token characters. `Wed, 21 Oct 2026 …` has a space before any `=`.
fn begins_cookie(text: &str) -> bool {
    let text = text.trim_start();
    match text.find(|c: char| !is_token(c)) {
        Some(end) => end > 0 && text[end..].starts_with('='),
        None => false,
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_between_cookies_and_not_inside_a_date() {
        assert_eq!(
            split_set_cookie("a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/,b=2; HttpOnly, c=3"),
            ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/", "b=2; HttpOnly", "c=3"]
        );
    }

    #[test]
    fn a_single_cookie_stays_whole() {
        assert_eq!(split_set_cookie("a=x,y; Path=/"), ["a=x,y; Path=/"]);
        assert_eq!(split_set_cookie(""), [""]);
    }
}
