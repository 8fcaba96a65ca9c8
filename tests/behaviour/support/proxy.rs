//! A way to a server that can be blocked or cut.

use std::{
    io::{ErrorKind, Read, Write},
    mem,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

/// How often a blocked way is looked at, and at the latest an end noticed.
const LOOK: Duration = Duration::from_millis(20);

/// Passes on what comes to an address, both ways.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_blocked: AtomicBool,
    is_over: AtomicBool,
    forgotten: AtomicU32,
    tried_in_vain: AtomicU32,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                accepting.wait();
                let Ok(server) = TcpStream::connect(&target) else {
                    continue;
                };
                accepting.pass_on(&client, &server);
                accepting.pass_on(&server, &client);
            }
        });
        Self { address, state }
    }

    /// Lets nothing through, and nobody know.
    pub fn block(&self) {
        self.state.is_blocked.store(true, Ordering::Relaxed);
    }

    /// Lets everything through again.
    pub fn unblock(&self) {
        self.state.is_blocked.store(false, Ordering::Relaxed);
    }

    /// Lets nothing through of the connections that there are, for ever, as where a router
    /// forgets them.
    pub fn forget(&self) {
        self.state.forgotten.fetch_add(1, Ordering::Relaxed);
    }

    /// On how many forgotten connections something was sent.
    pub fn tried_in_vain(&self) -> u32 {
        self.state.tried_in_vain.load(Ordering::Relaxed)
    }

    /// Ends every connection.
    pub fn cut(&self) {
        for stream in self.state.open().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        self.cut();
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().expect("the connections")
    }

    fn wait(&self) {
        while self.is_blocked.load(Ordering::Relaxed) && !self.is_over.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
        }
    }

    fn pass_on(self: &Arc<Self>, from: &TcpStream, to: &TcpStream) {
        let state = Arc::clone(self);
        let generation = state.forgotten.load(Ordering::Relaxed);
        let mut from = from.try_clone().expect("a connection");
        let mut to = to.try_clone().expect("a connection");
        from.set_read_timeout(Some(LOOK)).expect("a limit");
        self.open().push(from.try_clone().expect("a connection"));
        thread::spawn(move || {
            let mut was_tried = false;
            let is_forgotten = || state.forgotten.load(Ordering::Relaxed) != generation;
            let mut chunk = [0; 8_192];
            while !state.is_over.load(Ordering::Relaxed) {
                let length = match from.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(length) => length,
                    Err(error) if is_pause(&error) => continue,
                    Err(_) => break,
                };
                state.wait();
                if is_forgotten() {
                    if !mem::replace(&mut was_tried, true) {
                        state.tried_in_vain.fetch_add(1, Ordering::Relaxed);
                    }
                    continue;
                }
                if to.write_all(&chunk[..length]).is_err() {
                    break;
                }
            }
            // That one side has closed it does not come through either.
            while is_forgotten() && !state.is_over.load(Ordering::Relaxed) {
                thread::sleep(LOOK);
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

fn is_pause(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
