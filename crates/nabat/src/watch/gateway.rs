//! Which router this machine sends by default, read from the kernel.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The default router's address; nothing if there is none, as in a network of its own.
pub(super) fn gateway() -> Option<IpAddr> {
    let v4 = fs::read_to_string("/proc/self/net/route").unwrap_or_default();
    let v6 = || fs::read_to_string("/proc/self/net/ipv6_route").unwrap_or_default();
    gateway_v4(&v4)
        .map(IpAddr::V4)
        .or_else(|| gateway_v6(&v6()).map(IpAddr::V6))
}

/// From the table of proc(5): interface, destination, gateway, flags, …, metric, mask, with
/// addresses as the hexadecimal of their bytes in the order of this machine.
fn gateway_v4(table: &str) -> Option<Ipv4Addr> {
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "00000000", gateway, _, _, _, metric, "00000000", ..] = fields[..] else {
            return None;
        };
        let bytes = u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes();
        let metric: u32 = metric.parse().ok()?;
        (bytes != [0; 4]).then_some((metric, Ipv4Addr::from(bytes)))
    });
    routes
        .min_by_key(|(metric, _)| *metric)
        .map(|(_, gateway)| gateway)
}

/// From the table of net/ipv6/route.c: destination, length, source, length, next hop, metric, …
fn gateway_v6(table: &str) -> Option<Ipv6Addr> {
    let routes = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [destination, "00", _, _, hop, metric, ..] = fields[..] else {
            return None;
        };
        let hop = Ipv6Addr::from(u128::from_str_radix(hop, 16).ok()?);
        let metric = u32::from_str_radix(metric, 16).ok()?;
        // A link-local router can't be asked without its interface.
        let usable = !hop.is_unspecified() && !hop.is_unicast_link_local();
        (destination.trim_matches('0').is_empty() && usable).then_some((metric, hop))
    });
    routes
        .min_by_key(|(metric, _)| *metric)
        .map(|(_, gateway)| gateway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_default_route_names_the_gateway() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
            wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        let expected = match cfg!(target_endian = "little") {
            true => Ipv4Addr::new(10, 0, 0, 1),
            false => Ipv4Addr::new(1, 0, 0, 10),
        };
        assert_eq!(gateway_v4(table), Some(expected));
        assert_eq!(gateway_v4("Iface\tDestination\n"), None);
        assert_eq!(gateway_v4(""), None);
    }

    #[test]
    fn a_router_of_ipv6_is_found_unless_it_needs_an_interface() {
        let zero = "0".repeat(32);
        let line = |hop: &str, metric: &str| {
            format!("{zero} 00 {zero} 00 {hop} {metric} 00000001 00000000 00000003 eth0\n")
        };
        let hop = "20010db8000000000000000000000001";
        let table = line("fe800000000000000000000000000001", "00000001") + &line(hop, "00000400");
        assert_eq!(gateway_v6(&table), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(gateway_v6(&line(&zero, "00000001")), None);
    }
}
