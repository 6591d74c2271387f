//! Listeners are killed while one-way messages flow. Each message that was acknowledged had arrived, the others were answered with a
//! fault, and none arrived twice. Senders and listeners are those of a recording (`src/relay_play/flow.rs`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};

use interop_tests::relay_play::{FlowListener, FlowSender};
use interop_tests::{Config, Gateway};

const MESSAGES: u32 = 10_000;
const SENDERS: u32 = 4;
/// Messages of a sender that wait for their answers.
const IN_FLIGHT: u32 = 8;
const LISTENERS: u32 = 2;

/// What all of them see.
#[derive(Default)]
struct World {
    /// How many listeners are up.
    up: Mutex<u32>,
    came_up: Condvar,
    /// How often each message arrived.
    arrived: Mutex<BTreeMap<u32, u32>>,
    /// What each message was answered.
    answered: Mutex<BTreeMap<u32, Option<String>>>,
    killed: AtomicU32,
    over: AtomicBool,
    /// How many listeners have gone for good.
    ended: AtomicU32,
}

#[test]
fn of_10000_messages_to_listeners_that_are_killed_each_acknowledged_one_arrived_and_none_arrived_twice() {
    let doors = ["amqps", "rendezvous", "oneway_tls"];
    let config = doors.into_iter().fold(Config::new(), |config, door| config.door(door, "127.0.0.1:0"));
    let gateway = Gateway::start(config.host("contoso.servicebus.windows.net"));
    let world = World::default();
    std::thread::scope(|scope| {
        let gateway_there = &gateway;
        let world = &world;
        for listener in 0..LISTENERS {
            scope.spawn(move || listen(gateway_there, world, listener));
        }
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let share = MESSAGES / SENDERS;
                scope.spawn(move || send(gateway_there, world, sender * share..(sender + 1) * share))
            })
            .collect();
        for sender in senders {
            sender.join().expect("a sender that came to its end");
        }
        world.over.store(true, Ordering::SeqCst);
        // Whoever waits for a message gets one more and goes.
        for number in MESSAGES.. {
            if world.ended.load(Ordering::SeqCst) == LISTENERS {
                break;
            }
            if let Some(mut sender) = FlowSender::open(gateway_there) {
                sender.send(number);
                sender.answer();
            }
        }
    });
    gateway.terminate();

    let arrived = world.arrived.into_inner().unwrap();
    let answered = world.answered.into_inner().unwrap();
    assert_eq!(answered.len() as u32, MESSAGES, "each message was answered once");
    let twice: Vec<_> = arrived.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "arrived more than once: {twice:?}");
    let acknowledged = || answered.iter().filter(|(_, fault)| fault.is_none());
    let missing: Vec<_> = acknowledged().filter(|(number, _)| !arrived.contains_key(number)).collect();
    assert!(missing.is_empty(), "acknowledged, and nowhere: {missing:?}");
    let mut faults = BTreeMap::new();
    for fault in answered.values().flatten() {
        *faults.entry(fault.as_str()).or_insert(0) += 1;
    }
    let killed = world.killed.into_inner();
    println!(
        "{} of {MESSAGES} acknowledged, {faults:?}, {} arrived, {killed} listeners killed",
        acknowledged().count(),
        arrived.len()
    );
    let known = ["ConnectionFailedFault", "EndpointNotFoundFault"];
    assert!(faults.keys().all(|fault| known.contains(fault)), "{faults:?}");
    assert!(killed >= 20 && faults.contains_key("ConnectionFailedFault"), "{killed} killed, {faults:?}");
    assert!(acknowledged().count() as u32 > MESSAGES / 2);
}

/// Sends its messages, a few at a time. When nobody listens it waits until somebody does.
fn send(gateway: &Gateway, world: &World, mut numbers: std::ops::Range<u32>) {
    let mut left = numbers.len() as u32;
    let mut sender = loop {
        wait_for_a_listener(world);
        if let Some(sender) = FlowSender::open(gateway) {
            break sender;
        }
    };
    let mut in_flight = 0;
    while left > 0 {
        while in_flight < IN_FLIGHT
            && let Some(number) = numbers.next()
        {
            sender.send(number);
            in_flight += 1;
        }
        let (number, fault) = sender.answer();
        let nobody = fault.as_deref() == Some("EndpointNotFoundFault");
        let before = world.answered.lock().expect("nobody panicked").insert(number, fault);
        assert_eq!(before, None, "message {number} was answered twice");
        (left, in_flight) = (left - 1, in_flight - 1);
        if nobody {
            wait_for_a_listener(world);
        }
    }
}

fn wait_for_a_listener(world: &World) {
    let up = world.up.lock().expect("nobody panicked");
    drop(world.came_up.wait_while(up, |up| *up == 0).expect("nobody panicked"));
}

/// Takes messages and accepts them, some later than others, until it is killed; then it comes again.
fn listen(gateway: &Gateway, world: &World, seed: u32) {
    // Anything that looks like chance and is the same each time.
    let mut chance = (1..).map(|n: u32| (n + seed * 1_000).wrapping_mul(2_654_435_761) >> 16);
    let mut chance = move |most: u32| chance.next().expect("there is always more") % most;
    while !world.over.load(Ordering::SeqCst) {
        let mut listener = FlowListener::open(gateway);
        *world.up.lock().expect("nobody panicked") += 1;
        world.came_up.notify_all();
        // Few enough wait at both that one sender's messages always move them on.
        let (life, slowness) = (50 + chance(400), 1 + chance(IN_FLIGHT / LISTENERS - 1));
        let mut unsettled = Vec::new();
        for _ in 0..life {
            let Some((number, delivery)) = listener.take() else { panic!("the gateway ended a link") };
            *world.arrived.lock().expect("nobody panicked").entry(number).or_default() += 1;
            if number >= MESSAGES {
                listener.accept(delivery);
                break;
            }
            unsettled.push(delivery);
            if unsettled.len() as u32 >= slowness {
                for delivery in unsettled.drain(..) {
                    listener.accept(delivery);
                }
            }
        }
        *world.up.lock().expect("nobody panicked") -= 1;
        listener.kill();
        world.killed.fetch_add(1, Ordering::SeqCst);
    }
    world.ended.fetch_add(1, Ordering::SeqCst);
}
