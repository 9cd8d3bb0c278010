//! Addresses as clients write them: all lower, all upper, or with the right EIP-55 checksum.

use alloy_primitives::Address;

use crate::problem::{Kind, Problem};

/// The address that this text is.
///
/// # Errors
/// [`Kind::InvalidAddress`]; a wrong checksum is shown beside the right one, since it is a typing error or another
/// address.
pub fn parse(text: &str) -> Result<Address, Problem> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
    let address: Option<Address> = digits.and_then(|digits| digits.parse().ok());
    let (Some(digits), Some(address)) = (digits, address) else {
        return Err(Problem::new(
            Kind::InvalidAddress,
            format!("{:?} is not an address: 0x and 40 hexadecimal digits are", shortened(text)),
        ));
    };
    let one_case = |is_other: fn(&char) -> bool| !digits.chars().any(|c| is_other(&c));
    if one_case(char::is_ascii_uppercase) || one_case(char::is_ascii_lowercase) {
        return Ok(address);
    }
    let right = address.to_checksum(None);
    if right == text {
        return Ok(address);
    }
    let detail =
        format!("the checksum of {text} is wrong: with the right one it is {right}, without one all lower case");
    Err(Problem::new(Kind::InvalidAddress, detail).with("expected", right))
}

/// What a client sent, short enough to be sent back.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
