//! Compares the session protocol with an implementation in Python that was written from its
//! description.

use cross_process::random::Random;
use proto::wire::session::handshake::{Agreement, check_auth};
use proto::wire::session::{BODY_LIMIT, FrameReader, FrameType, Opener, Sealer};

use super::{hex, python_says};

/// A handshake and the frames after it. Frames of the client are marked with `true`.
struct Session {
    token: [u8; 32],
    server: [u8; 32],
    client: [u8; 32],
    frames: Vec<(bool, FrameType, Vec<u8>)>,
}

impl Session {
    fn by_chance(random: &mut Random) -> Self {
        let mut key = || <[u8; 32]>::try_from(random.bytes(32)).unwrap();
        let (token, server, client) = (key(), key(), key());
        let frames = (0..random.below(8)).map(|_| {
            let length = random.one_of(&[0, 1, 40, 300]);
            let kind = FrameType::ALL[random.below(FrameType::ALL.len())];
            (random.below(2) == 0, kind, random.bytes(length))
        });
        let frames = frames.collect();
        Self {
            token,
            server,
            client,
            frames,
        }
    }

    fn question(&self) -> String {
        let mut words = vec![
            "session".to_owned(),
            hex(self.token),
            hex(self.server),
            hex(self.client),
        ];
        for (from_client, kind, body) in &self.frames {
            let direction = if *from_client { "c2s" } else { "s2c" };
            words.push(format!("{direction}:{}:{}", kind.name(), hex(body)));
        }
        words.join(" ")
    }

    /// The bytes of our client and server, which also check each other's.
    fn ours(&self) -> String {
        let agreement = Agreement::new(&self.token, &self.server, &self.client).unwrap();
        let auth = agreement.auth();
        let at_server = check_auth(&self.token, &self.server, &auth).unwrap();
        let welcome = at_server.welcome().to_vec();
        let mut client = agreement.check_welcome(&welcome).unwrap();
        let mut server = at_server.into_server();
        let mut words = vec![hex(&auth[32..]), hex(&welcome)];
        for (from_client, kind, body) in &self.frames {
            let (from, to): (&mut Sealer, &mut Opener) = match from_client {
                true => (&mut client.0, &mut server.1),
                false => (&mut server.0, &mut client.1),
            };
            let mut bytes = Vec::new();
            from.send(&mut bytes, [(*kind, body)]).unwrap();
            let mut reader = FrameReader::default();
            let frame = reader.read_sealed(&mut &bytes[..], to).unwrap().unwrap();
            assert_eq!((frame.kind, frame.body), (*kind, &body[..]));
            words.push(hex(&bytes));
        }
        words.join(" ")
    }
}

#[test]
fn proofs_and_frames_equal_those_of_python() {
    let mut random = Random::new(11);
    let mut sessions: Vec<Session> = (0..500).map(|_| Session::by_chance(&mut random)).collect();
    // The example of the documentation, and the longest body.
    sessions.push(Session {
        token: std::array::from_fn(|i| i as u8),
        server: [0x11; 32],
        client: [0x22; 32],
        frames: vec![
            (true, FrameType::Command, b"echo hi".to_vec()),
            (false, FrameType::Stdout, random.bytes(BODY_LIMIT)),
        ],
    });
    let questions: Vec<String> = sessions.iter().map(Session::question).collect();
    let Some(answers) = python_says("the session protocol", &questions) else {
        return;
    };
    for (session, python) in sessions.iter().zip(answers) {
        assert_eq!(session.ours(), python, "{}", session.question());
    }
}
