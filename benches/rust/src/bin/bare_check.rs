//! The bare signature check: that of one token, by jsonwebtoken (ES256), over and over on one
//! thread. Prints how many microseconds one takes.
//!
//!     bare_check PUBLIC_KEY_PEM TOKEN SECONDS

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, crypto::verify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [public, token, seconds] = &arguments[..] else {
        return Err("bare_check PUBLIC_KEY_PEM TOKEN SECONDS".into());
    };
    let key = DecodingKey::from_ec_pem(public.as_bytes())?;
    let (message, signature) = token.rsplit_once('.').ok_or("no token")?;
    let span = Duration::from_secs(seconds.parse()?);
    let started = Instant::now();
    let mut checked = 0_u32;
    while started.elapsed() < span {
        assert!(verify(
            signature,
            message.as_bytes(),
            &key,
            Algorithm::ES256
        )?);
        checked += 1;
    }
    let micros = started.elapsed().as_secs_f64() * 1e6;
    println!("{:.3}", micros / f64::from(checked));
    Ok(())
}
