use super::*;
use crate::relay::Shapes;
use crate::relay::testing::{gateway, message, registration};

const WAIT: Duration = Duration::from_secs(10);

fn terms(spread: Spread) -> PostingTerms {
    let invitation = Arc::new(message(3));
    PostingTerms { id: MeetingId::new(9), gateway: gateway("g0"), invitation, spread, wait: WAIT }
}

fn listeners(n: u128) -> Vec<Registration> {
    let one_way = Shapes { one_way: true, ..Shapes::default() };
    (1..=n).map(|n| Registration { shapes: one_way, ..registration(n) }).collect()
}

/// Posts to `n` listeners; those that are asked.
fn post(spread: Spread, n: u128, now: Instant) -> (Posting, Vec<(u32, ListenerId)>) {
    let mut posting = Posting::new(terms(spread), listeners(n), 0, now);
    let asked = asked(&mut posting);
    (posting, asked)
}

fn asked(posting: &mut Posting) -> Vec<(u32, ListenerId)> {
    commands(posting)
        .into_iter()
        .map(|command| match command {
            PostingCommand::Tell {
                message: ToListenerGateway::Invite { attempt, listener, within, .. },
                ..
            } => {
                assert_eq!(within, Some(WAIT));
                (attempt, listener)
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

fn commands(posting: &mut Posting) -> Vec<PostingCommand> {
    std::iter::from_fn(|| posting.next_command()).collect()
}

fn accepted(attempt: u32) -> ToSenderGateway {
    ToSenderGateway::Accepted { meeting: MeetingId::new(9), attempt }
}

fn refused(attempt: u32, reason: RefuseReason) -> ToSenderGateway {
    ToSenderGateway::Refused { meeting: MeetingId::new(9), attempt, reason }
}

fn ended(posting: &mut Posting, refusal: Refusal) {
    assert_eq!(commands(posting), [PostingCommand::Refuse(refusal)]);
    assert!(posting.is_done());
    assert_eq!(posting.poll_timeout(), None);
}

#[test]
fn one_listener_gets_a_message_and_its_acceptance_is_the_acknowledgement() {
    let now = Instant::now();
    let (mut posting, asked) = post(Spread::One, 3, now);
    assert_eq!(asked.len(), 1);
    posting.handle_message(accepted(1), now);
    posting.handle_message(accepted(1), now);
    assert_eq!(commands(&mut posting), [PostingCommand::Acknowledge]);
}

#[test]
fn nobody_there_is_told_at_once() {
    let now = Instant::now();
    ended(&mut Posting::new(terms(Spread::One), Vec::new(), 0, now), Refusal::NoListener);
    ended(&mut Posting::new(terms(Spread::All), Vec::new(), 0, now), Refusal::NoListener);
    ended(&mut Posting::new(terms(Spread::One), vec![registration(1)], 0, now), Refusal::WrongShape);
}

#[test]
fn a_listener_that_has_none_of_it_is_followed_by_the_next_until_none_is_left() {
    let now = Instant::now();
    for (reason, refusal) in [
        (RefuseReason::UnknownListener, Refusal::NoListener),
        (RefuseReason::Busy, Refusal::Overloaded),
        (RefuseReason::Draining, Refusal::Draining),
        (RefuseReason::NotTaken, Refusal::MessageNotTaken),
    ] {
        let (mut posting, first) = post(Spread::One, 2, now);
        posting.handle_message(refused(1, reason), now);
        posting.handle_message(refused(1, reason), now);
        let second = asked(&mut posting);
        assert_ne!(first[0].1, second[0].1);
        posting.handle_message(refused(2, reason), now);
        ended(&mut posting, refusal);
    }
}

#[test]
fn a_listener_that_was_lost_behind_the_first_byte_is_not_followed_by_another() {
    let now = Instant::now();
    let (mut posting, _) = post(Spread::One, 2, now);
    posting.handle_message(refused(1, RefuseReason::ListenerGone), now);
    ended(&mut posting, Refusal::ListenerGone);
}

#[test]
fn a_listener_that_says_nothing_in_time_is_not_followed_by_another_and_a_late_word_changes_nothing() {
    let now = Instant::now();
    let (mut posting, asked) = post(Spread::One, 2, now);
    assert_eq!(posting.poll_timeout(), Some(now + WAIT));
    posting.handle_timeout(now + WAIT);
    let (meeting, listener) = (MeetingId::new(9), asked[0].1);
    let commands = commands(&mut posting);
    let [PostingCommand::Tell { message, .. }, PostingCommand::Refuse(refusal)] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(*message, ToListenerGateway::Cancel { meeting, attempt: 1, listener });
    assert_eq!(*refusal, Refusal::ListenerDidNotRespond);
    posting.handle_message(accepted(1), now + WAIT);
    assert_eq!(posting.next_command(), None);
}

#[test]
fn no_listener_is_asked_when_the_wait_is_over() {
    let now = Instant::now();
    let (mut posting, _) = post(Spread::One, 3, now);
    let late = now + WAIT - Duration::from_millis(1);
    posting.handle_message(refused(1, RefuseReason::NotTaken), late);
    assert_eq!(asked(&mut posting).len(), 1);
    assert_eq!(posting.poll_timeout(), Some(late + WAIT), "the next one has its own time");
    posting.handle_message(refused(2, RefuseReason::NotTaken), now + WAIT);
    ended(&mut posting, Refusal::MessageNotTaken);
}

#[test]
fn a_listener_that_came_meanwhile_is_asked_too() {
    let now = Instant::now();
    let (mut posting, _) = post(Spread::One, 1, now);
    posting.handle_candidates(listeners(2));
    posting.handle_message(refused(1, RefuseReason::UnknownListener), now);
    assert_eq!(asked(&mut posting), [(2, ListenerId::new(2))]);
}

#[test]
fn an_event_is_offered_to_all_and_acknowledged_with_the_first_that_accepts() {
    let now = Instant::now();
    let (mut posting, asked) = post(Spread::All, 3, now);
    let mut all: Vec<ListenerId> = asked.iter().map(|(_, listener)| *listener).collect();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3].map(ListenerId::new));
    posting.handle_message(refused(1, RefuseReason::Busy), now);
    assert_eq!(posting.next_command(), None);
    posting.handle_message(accepted(2), now);
    assert_eq!(commands(&mut posting), [PostingCommand::Acknowledge], "the third keeps what it is offered");
}

#[test]
fn an_event_that_nobody_takes_is_refused_once_all_have_spoken_or_the_time_is_over() {
    let now = Instant::now();
    let (mut posting, _) = post(Spread::All, 2, now);
    posting.handle_message(refused(1, RefuseReason::ListenerGone), now);
    posting.handle_message(refused(2, RefuseReason::Busy), now);
    ended(&mut posting, Refusal::ListenerGone);

    let (mut posting, _) = post(Spread::All, 2, now);
    posting.handle_message(refused(2, RefuseReason::Busy), now);
    posting.handle_timeout(now + WAIT);
    let commands = commands(&mut posting);
    assert!(matches!(
        commands[0],
        PostingCommand::Tell { message: ToListenerGateway::Cancel { attempt: 1, .. }, .. }
    ));
    assert_eq!(commands[1..], [PostingCommand::Refuse(Refusal::ListenerDidNotRespond)]);
}

#[test]
fn a_sender_that_left_takes_back_what_is_open() {
    let now = Instant::now();
    let (mut posting, _) = post(Spread::All, 2, now);
    posting.handle_sender_gone();
    assert_eq!(commands(&mut posting).len(), 2);
    posting.handle_message(accepted(1), now);
    assert_eq!(posting.next_command(), None);
}
