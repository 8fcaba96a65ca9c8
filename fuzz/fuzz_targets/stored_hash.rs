//! What stands in a database as a password hash: read or refused, within the limits. No hash
//! is computed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scopegate::password::{Limits, identify};

fuzz_target!(|stored: &str| {
    let Ok(identified) = identify(stored) else {
        return;
    };
    let limits = Limits::default();
    let of = |name: &str| {
        let parameter = identified.parameters.iter().find(|one| one.name == name);
        parameter.map_or(0, |one| one.value.parse::<u64>().unwrap_or(0))
    };
    assert!(stored.len() <= limits.length);
    assert!(of("cost") <= u64::from(limits.bcrypt_cost));
    assert!(of("memory-kib") <= u64::from(limits.memory_kib));
    assert!(of("iterations") <= u64::from(limits.pbkdf2_iterations));
    assert!(of("rounds") <= u64::from(limits.sha_crypt_rounds));
    assert!(of("n") * of("r") * of("p") <= u64::from(limits.scrypt_work));
    assert!(!identified.to_string().is_empty());
});
