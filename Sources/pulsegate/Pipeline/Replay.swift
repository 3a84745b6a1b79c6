import Bytes
import Recording
import Time
import Vitals

/// How fast a recording is replayed.
enum ReplaySpeed: Equatable, Sendable {
    /// This many times as fast as it was made.
    case times(Double)
    /// As fast as the pipeline takes it.
    case max

    var text: String {
        switch self {
        case .max: "max"
        case .times(let factor):
            factor == factor.rounded() ? "\(Int(factor))x" : "\(factor)x"
        }
    }
}

/// Plays a recording back as a strap would send it: each row a notification at its time, blanks
/// and gaps as silence.
///
/// Measurements carry the times of the recording, so an alarm's onset delay is three seconds of
/// the heart's time at any speed. A recording played faster than it was made ends now: its
/// measurements are stamped as if it had begun long enough ago, and never lie in the future.
struct Replay {
    /// One row on its way to the gateway.
    struct Beat {
        let beatsPerMinute: UInt16?
        /// When the sensor sent it.
        let time: Moment
    }

    let extent: RecordingExtent
    let speed: ReplaySpeed
    private let bytes: [UInt8]
    private let loops: Bool
    private var start: Moment
    private var player = RecordingPlayer()
    private var next: RecordingRow?
    /// Recording time at which the current round began.
    private var roundStart: Int64 = 0
    /// By how much sensor time is behind machine time at the start.
    private let shift: Int64

    init(
        bytes: [UInt8], speed: ReplaySpeed, loops: Bool, start: Moment
    ) throws(RecordingError) {
        self.bytes = bytes
        self.speed = speed
        self.loops = loops
        self.start = start
        extent = try RecordingExtent(of: bytes.span)
        let played =
            switch speed {
            case .max: Int64(0)
            case .times(let factor): Int64(Double(extent.durationNanoseconds) / factor)
            }
        shift = loops ? 0 : max(0, extent.durationNanoseconds - played)
        next = try player.next(in: bytes.span)
    }

    /// Begins at `start` instead: checking a long recording takes its time.
    mutating func begin(at start: Moment) { self.start = start }

    /// The moment at which the sensor sent its first value.
    var sensorStart: Moment { start.advanced(byNanoseconds: -shift) }

    /// Nanoseconds of the recording that have been played.
    private(set) var playedNanoseconds: Int64 = 0

    /// The sensor's time at this machine time: it goes on through a gap, and ends with the
    /// recording.
    func sensorTime(at now: Int64) -> Moment {
        guard case .times(let factor) = speed, next != nil else {
            return sensorStart.advanced(byNanoseconds: playedNanoseconds)
        }
        let elapsed = Int64(Double(now - start.monotonicNanoseconds) * factor)
        return sensorStart.advanced(byNanoseconds: max(playedNanoseconds, elapsed))
    }

    /// Machine time (monotonic nanoseconds) at which the next row is due; nil at the end.
    var due: Int64? {
        guard let next else { return nil }
        let offset = roundStart + next.timeNanoseconds
        switch speed {
        case .max: return start.monotonicNanoseconds
        case .times(let factor):
            return start.monotonicNanoseconds + Int64(Double(offset) / factor)
        }
    }

    /// The next row, if it is due at `now`.
    mutating func take(now: Int64) -> Beat? {
        guard let row = next, let due, due <= now else { return nil }
        playedNanoseconds = roundStart + row.timeNanoseconds
        advance()
        return Beat(
            beatsPerMinute: row.beatsPerMinute,
            time: sensorStart.advanced(byNanoseconds: playedNanoseconds))
    }

    private mutating func advance() {
        next = row()
        guard next == nil, loops, extent.rows > 0 else { return }
        roundStart += extent.durationNanoseconds + 1_000_000_000
        player.rewind()
        next = row()
    }

    private mutating func row() -> RecordingRow? {
        let bytes = self.bytes
        let span = bytes.span
        do throws(RecordingError) {
            return try player.next(in: span)
        } catch {
            preconditionFailure("a recording is read through once before it is played")
        }
    }
}
