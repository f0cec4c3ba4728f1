//! How much of an address belongs to one household or clinic.

use std::net::IpAddr;

/// What counts as one network: an IPv4 address, or the /56 that a household or clinic gets of IPv6.
#[must_use]
pub fn of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().into_iter().take(7).collect(),
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn a_household_is_one_network_however_many_addresses_it_has() {
        let of = |text: &str| super::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:100::1"), of("2001:db8:1:1ff:2::3"));
        assert_ne!(of("2001:db8:1:100::1"), of("2001:db8:1:200::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
