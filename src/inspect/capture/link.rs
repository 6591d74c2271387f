//! From a packet to its TCP segment.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::Linktype;

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// The sequence number of its first byte, or of its SYN.
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// Where its payload begins in the packet, and how many bytes of it were captured.
    pub(super) place: usize,
    pub(super) len: usize,
    /// Bytes of payload that were sent and not captured, because the capture cuts packets.
    pub(super) missing: usize,
}

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp(Segment),
    /// A piece of an IP packet.
    Fragment,
    /// Something else, or nothing that can be told.
    Other,
    /// A link layer that is not known.
    UnknownLink,
}

// Numbers of the registry of link types (draft-ietf-opsawg-pcaplinktype) that stand for one more number on other systems.
const RAW: [i32; 3] = [12, 14, 101];

/// Takes a packet apart.
pub(super) fn segment(link: Linktype, data: &[u8]) -> Kind {
    let packet = match link.0 {
        1 => LaxSlicedPacket::from_ethernet(data).ok(),
        // The family of the address in four bytes, in the order of whoever captured (0) or of the network (108).
        0 | 108 => data.get(4..).and_then(|data| LaxSlicedPacket::from_ip(data).ok()),
        228 | 229 => LaxSlicedPacket::from_ip(data).ok(),
        raw if RAW.contains(&raw) => LaxSlicedPacket::from_ip(data).ok(),
        // Linux "cooked" captures: the protocol stands at the end of one header and at the beginning of the other.
        113 => cooked(data, 14, 16),
        276 => cooked(data, 0, 20),
        _ => return Kind::UnknownLink,
    };
    packet.map_or(Kind::Other, |packet| of_packet(&packet, data))
}

fn cooked(data: &[u8], protocol: usize, header: usize) -> Option<LaxSlicedPacket<'_>> {
    let (rest, number) = (data.get(header..)?, data.get(protocol..protocol + 2)?);
    Some(LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes([number[0], number[1]])), rest))
}

fn of_packet(packet: &LaxSlicedPacket<'_>, data: &[u8]) -> Kind {
    let Some(net) = &packet.net else { return Kind::Other };
    let Some(payload) = net.ip_payload_ref() else { return Kind::Other };
    if payload.fragmented {
        return Kind::Fragment;
    }
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { return Kind::Other };
    // The addresses, and the bytes that the packet has by its own account, where it gives one.
    let (from, to, header, claimed): (IpAddr, IpAddr, &[u8], usize) = match net {
        LaxNetSlice::Ipv4(ip) => {
            let header = ip.header();
            let total = usize::from(header.total_len());
            (header.source_addr().into(), header.destination_addr().into(), header.slice(), total)
        }
        LaxNetSlice::Ipv6(ip) => {
            let header = ip.header();
            let total = header.slice().len() + usize::from(header.payload_length());
            (header.source_addr().into(), header.destination_addr().into(), header.slice(), total)
        }
        LaxNetSlice::Arp(_) => return Kind::Other,
    };
    let place = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(data.as_ptr() as usize);
    let here = place(payload.payload) + payload.payload.len() - place(header);
    let missing = if payload.incomplete { claimed.saturating_sub(here) } else { 0 };
    Kind::Tcp(Segment {
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        ack: tcp.ack(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        place: place(tcp.payload()),
        len: tcp.payload().len(),
        missing,
    })
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    fn ip(payload: &[u8]) -> Vec<u8> {
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1000, 808, 7, 100);
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).unwrap();
        packet
    }

    fn found(link: i32, data: &[u8]) -> (usize, usize, usize) {
        match segment(Linktype(link), data) {
            Kind::Tcp(segment) => {
                assert_eq!(segment.from.to_string(), "10.0.0.1:1000");
                assert_eq!((segment.to.port(), segment.sequence), (808, 7));
                (segment.place, segment.len, segment.missing)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_link_layer_leads_to_the_segment() {
        let packet = ip(b"abc");
        let with = |head: &[u8]| [head, &packet].concat();
        let ethernet = [&[0; 12][..], &[8, 0]].concat();
        let tagged = [&[0; 12][..], &[0x81, 0, 0, 5, 8, 0]].concat();
        let sll = [&[0; 14][..], &[8, 0]].concat();
        let sll2 = [&[8, 0][..], &[0; 18]].concat();
        for (link, head) in [
            (1, &ethernet[..]),
            (1, &tagged),
            (113, &sll),
            (276, &sll2),
            (0, &[2, 0, 0, 0]),
            (108, &[0, 0, 0, 2]),
            (101, &[]),
        ] {
            assert_eq!(found(link, &with(head)), (head.len() + 40, 3, 0), "{link}");
        }
        assert_eq!(segment(Linktype(147), &packet), Kind::UnknownLink);
    }

    #[test]
    fn the_padding_of_a_short_frame_is_no_payload_and_what_was_cut_off_is_counted() {
        let padded = [ip(b"abc"), vec![0; 3]].concat();
        assert_eq!(found(101, &padded), (40, 3, 0));
        assert_eq!(found(101, &ip(b"abcdef")[..42]), (40, 2, 4));
    }

    #[test]
    fn a_fragment_is_called_one() {
        let mut packet = ip(b"abc");
        packet[6] = 0x20;
        assert_eq!(segment(Linktype(101), &packet), Kind::Fragment);
    }

    #[test]
    fn ipv6_and_every_cut_of_it() {
        let builder = PacketBuilder::ipv6([1; 16], [2; 16], 64).tcp(1000, 808, 7, 100);
        let mut packet = Vec::new();
        builder.write(&mut packet, b"abc").unwrap();
        let Kind::Tcp(segment) = segment(Linktype(229), &packet) else { panic!() };
        assert_eq!((segment.place, segment.len, segment.missing), (60, 3, 0));
        for cut in 0..packet.len() {
            match super::segment(Linktype(229), &packet[..cut]) {
                Kind::Tcp(segment) => assert_eq!(segment.len + segment.missing, 3),
                other => assert!(cut < 60 && other == Kind::Other),
            }
        }
    }
}
