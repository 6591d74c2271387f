//! Pairs whose bytes are followed: sessions that end, and bytes that may not pass.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use viaduct::io::{EndReason, JoinOptions, Side, Stream};
use viaduct::wire::follow::{FollowError, Follower, Passage};

use crate::carry::pattern;
use crate::pair::{KEY, RAW, WS, ended, options, pair};
use crate::peer::{BINARY, Frame};

/// Sessions that end at `!`; `?` may not come; `#` announces nine bytes nobody need see.
struct Marks {
    ended: bool,
}

impl Follower for Marks {
    fn follow(&mut self, bytes: &[u8]) -> Passage {
        if self.ended {
            return Passage::Ended { at: 0 };
        }
        match bytes.iter().position(|byte| b"!?#".contains(byte)) {
            None => Passage::All { unseen: 0 },
            Some(at) => match bytes[at] {
                b'!' => {
                    self.ended = true;
                    Passage::Ended { at: at + 1 }
                }
                b'?' => Passage::Refused { at, error: FollowError::Unexpected(b'?') },
                _ => {
                    let behind = bytes.len() - at - 1;
                    match behind.checked_sub(9) {
                        None => Passage::All { unseen: 9 - behind as u64 },
                        Some(0) => Passage::All { unseen: 0 },
                        Some(_) => match self.follow(&bytes[at + 10..]) {
                            Passage::Ended { at: more } => Passage::Ended { at: at + 10 + more },
                            Passage::Refused { at: more, error } => {
                                Passage::Refused { at: at + 10 + more, error }
                            }
                            all => all,
                        },
                    }
                }
            },
        }
    }

    fn eof(&mut self) -> Result<(), FollowError> {
        if self.ended { Ok(()) } else { Err(FollowError::UnexpectedEnd) }
    }
}

fn followed() -> JoinOptions {
    JoinOptions {
        follow_a_to_b: Some(Box::new(Marks { ended: false })),
        follow_b_to_a: Some(Box::new(Marks { ended: false })),
        ..options()
    }
}

#[tokio::test]
async fn when_both_sessions_ended_leg_a_comes_back_with_what_followed() {
    for dialect in [RAW, WS] {
        let (mut a, mut b, joined) = pair(RAW, dialect, followed()).await;
        a.tcp.write_all(b"one#ignored!!two!next").await.unwrap();
        let mut from_b = b"back!".to_vec();
        if dialect == RAW {
            let mut got = [0; 17];
            b.tcp.read_exact(&mut got).await.unwrap();
            assert_eq!(&got, b"one#ignored!!two!");
        } else {
            assert_eq!(b.frame().await.unwrap().payload, b"one#ignored!!two!");
            from_b = Frame::new(true, BINARY, from_b).encode(Some(KEY));
        }
        b.tcp.write_all(&from_b).await.unwrap();
        let end = ended(joined).await;
        assert_eq!(end.reason, EndReason::SessionsEnded);
        let (stream, beyond) = end.returned_a.unwrap();
        assert_eq!(beyond, "next");
        let mut back = [0; 5];
        a.tcp.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"back!");
        if dialect == RAW {
            assert_eq!(b.rest().await, (vec![], false));
        } else {
            assert_eq!(b.frame().await.unwrap(), Frame::close(1_000, ""));
        }
        // Still connected, and nothing of what follows was lost.
        let Stream::Tcp(mut ours) = stream else { panic!("it was TCP") };
        a.tcp.write_all(b"more").await.unwrap();
        let mut more = [0; 4];
        ours.read_exact(&mut more).await.unwrap();
        assert_eq!(&more, b"more");
    }
}

#[tokio::test]
async fn a_connection_that_ends_after_its_session_is_an_end_for_the_other_leg() {
    for (from, to) in [(RAW, RAW), (RAW, WS), (WS, RAW)] {
        // In the same read as the end of the session, and in one of its own.
        for together in [true, false] {
            let (mut a, mut b, joined) = pair(from, to, followed()).await;
            let (session, close) = if from == WS {
                (
                    Frame::new(true, BINARY, b"end!".to_vec()).encode(Some(KEY)),
                    Frame::close(1_000, "").encode(Some(KEY)),
                )
            } else {
                (b"end!".to_vec(), Vec::new())
            };
            if together {
                a.tcp.write_all(&[&session[..], &close].concat()).await.unwrap();
                if from == RAW {
                    a.tcp.shutdown().await.unwrap();
                }
            } else {
                a.tcp.write_all(&session).await.unwrap();
            }
            if to == WS {
                assert_eq!(b.frame().await.unwrap().payload, b"end!");
            } else {
                let mut got = [0; 4];
                b.tcp.read_exact(&mut got).await.unwrap();
                assert_eq!(&got, b"end!");
            }
            if !together {
                a.tcp.write_all(&close).await.unwrap();
                if from == RAW {
                    a.tcp.shutdown().await.unwrap();
                }
            }
            // The other leg's session is still open and learns that nothing more comes.
            if to == WS {
                assert_eq!(b.frame().await.unwrap(), Frame::close(1_000, ""));
                b.send(&Frame::close(1_000, "")).await;
            } else {
                assert_eq!(b.rest().await, (vec![], false));
                b.tcp.write_all(b"bye!").await.unwrap();
                b.tcp.shutdown().await.unwrap();
            }
            drop((a, b));
            ended(joined).await;
        }
    }
}

#[tokio::test]
async fn what_a_follower_refuses_does_not_pass() {
    let (mut a, mut b, joined) = pair(RAW, RAW, followed()).await;
    a.tcp.write_all(b"good?bad").await.unwrap();
    assert_eq!(b.rest().await.0, b"good");
    drop((a, b));
    let end = ended(joined).await;
    assert_eq!(end.reason, EndReason::Refused { side: Side::A, error: FollowError::Unexpected(b'?') });
}

#[tokio::test]
async fn an_end_inside_a_session_is_a_loss() {
    for last in [&b"open"[..], b"#part"] {
        let (mut a, mut b, joined) = pair(RAW, RAW, followed()).await;
        a.tcp.write_all(last).await.unwrap();
        a.tcp.shutdown().await.unwrap();
        assert_eq!(b.rest().await, (last.to_vec(), true));
        assert_eq!(ended(joined).await.reason, EndReason::Lost(Side::A));
    }
}

/// Records of a four-byte length and as many bytes, which need not be seen; a length of all ones may not come.
#[derive(Default)]
struct Lengths {
    head: Vec<u8>,
    left: usize,
}

impl Follower for Lengths {
    fn follow(&mut self, bytes: &[u8]) -> Passage {
        let mut at = 0;
        // What was announced as unseen is not shown.
        self.left = 0;
        while at < bytes.len() {
            let skip = self.left.min(bytes.len() - at);
            self.left -= skip;
            at += skip;
            let missing = 4 - self.head.len();
            let more = missing.min(bytes.len() - at);
            self.head.extend_from_slice(&bytes[at..at + more]);
            at += more;
            if self.head.len() == 4 {
                let len = u32::from_be_bytes(self.head[..].try_into().unwrap());
                self.head.clear();
                if len == u32::MAX {
                    return Passage::Refused {
                        at: at.saturating_sub(4),
                        error: FollowError::Unexpected(0xff),
                    };
                }
                self.left = len as usize;
            }
        }
        Passage::All { unseen: self.left as u64 }
    }

    fn eof(&mut self) -> Result<(), FollowError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_that_nobody_need_see_passes_and_what_follows_it_is_seen() {
    const LEN: usize = 16 << 20;
    let options = JoinOptions { follow_a_to_b: Some(Box::new(Lengths::default())), ..options() };
    let (mut a, mut b, joined) = pair(RAW, RAW, options).await;
    let sending = tokio::spawn(async move {
        for _ in 0..2 {
            a.tcp.write_all(&(LEN as u32).to_be_bytes()).await.unwrap();
            a.tcp.write_all(&pattern(LEN)).await.unwrap();
        }
        a.tcp.write_all(&[0xff, 0xff, 0xff, 0xff, 1, 2, 3]).await.unwrap();
        a
    });
    let (arrived, _) = b.rest().await;
    // Of a head cut by a read the first bytes have passed before it could be judged.
    let beyond = arrived.len().checked_sub(2 * (4 + LEN)).expect("all of the records");
    assert!(beyond < 4, "{beyond} bytes of what may not come");
    assert!(arrived[4..4 + LEN] == pattern(LEN) && arrived[8 + LEN..8 + 2 * LEN] == pattern(LEN));
    drop((sending.await.unwrap(), b));
    assert!(matches!(ended(joined).await.reason, EndReason::Refused { side: Side::A, .. }));
}
