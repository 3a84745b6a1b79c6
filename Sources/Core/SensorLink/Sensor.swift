import Uplink
import Vitals

/// Where a sensor's own machine stands; `SensorState` is what is told of it.
enum Phase: UInt8 {
    /// No link and no attempt.
    case idle
    /// Connect is under way: ours, or one that we have joined.
    case connecting
    /// It was aborted; the link may come up for a moment all the same.
    case aborted
    /// Disconnect is under way, of a link or of an attempt.
    case disconnecting
    /// It was answered, and Connected=false has not come yet (BlueZ 5.66 says it last).
    case parting
    /// RemoveDevice is under way.
    case removing
    case resolving
    case subscribing
    /// Subscribed; the first value is awaited.
    case listening
    case streaming
    /// StopNotify is under way; the subscription comes next.
    case unsubscribing

    /// There is a link as far as anyone knows, and it is used.
    var isLinked: Bool {
        switch self {
        case .resolving, .subscribing, .listening, .streaming, .unsubscribing: true
        default: false
        }
    }

    /// BlueZ may still be at an attempt to connect.
    var mayHoldRadio: Bool {
        switch self {
        case .connecting, .aborted, .disconnecting, .removing: true
        default: false
        }
    }
}

/// A call that is under way, with the deadline that BlueZ does not keep.
struct PendingCall {
    let id: CallID
    let call: BluetoothCall
    let deadline: Int64
}

/// One sensor index and the device that has it.
struct Sensor {
    let choice: Int
    var isEnabled = true
    var phase = Phase.idle
    /// When the phase ends by itself.
    var due = Int64.max
    var call: PendingCall?
    /// It has the one attempt to connect.
    var holdsRadio = false
    /// The attempt is made without a sighting.
    var isBlind = false
    var cause = LinkCause.started
    var reported = SensorState.absent

    /// Its device in the table, while there is one.
    var device: Int?
    /// The device that has this index, in the table or not.
    var address: BluetoothAddress?
    var identity: BluetoothAddress?
    var isResolvable = false
    var name = DeviceName()
    var absentSince: Int64

    /// No attempt before this.
    var retryAt = Int64.min
    /// The lowest goes first.
    var turn: UInt64 = 0
    var blindAt: Int64
    var blindAttempts = 0
    /// Attempts that failed one after the other although it was seen.
    var refusals = 0
    var ladder = Ladder()
    var backoff = Backoff(baseNanoseconds: second / 2, capNanoseconds: 30 * second)
    var counters = SensorCounters()

    var linkedAt: Int64 = 0
    /// When the objects are read again because characteristics are missing; once a connection.
    var rereadAt: Int64?
    var subscribed = CharacteristicSet([])
    var refused = CharacteristicSet([])
    var mode = NotifyMode.signals
    /// The way of the subscription that there is.
    var subscribedBy = NotifyMode.signals
    /// Subscriptions by signals that brought not one value.
    var mutedSignals = 0
    var socketFailed = false
    var subscribedAt: Int64 = 0
    /// A value has come since the subscription.
    var hasValue = false

    var streamingSince: Int64 = 0
    var lastValueAt: Int64?
    /// Between values, as a rule.
    var interval = second
    var watch = FrozenWatch()
    var losses = LossPattern()

    /// What was asked for since the link came up, and what was ever answered.
    var asked = CharacteristicSet([])
    var answered = CharacteristicSet([])
    var askAt = Int64.max
    var battery: UInt8?
    var batteryIsLow = false
    var hasBatteryInterface = false
    var batteryReadAt = Int64.max
    var bodyLocation: UInt8?
    var manufacturer = DeviceName()
    var model = DeviceName()
    var serialNumber = DeviceName()
    var firmware = DeviceName()

    init(choice: Int, now: Int64) {
        self.choice = choice
        absentSince = now
        blindAt = now
    }

    /// It has failed of late, and has not been well for long enough since.
    var isUnsettled: Bool { ladder.rung != nil || backoff.failures > 0 }

    /// Forgets what was learned of the device that had the index.
    mutating func forgetDevice() {
        var empty = Sensor(choice: choice, now: absentSince)
        empty.isEnabled = isEnabled
        empty.cause = cause
        empty.reported = reported
        empty.counters = counters
        empty.turn = turn
        self = empty
    }
}

/// How high a sensor has climbed. It starts from the bottom when a stream has been well for a
/// while, not when the first value comes, so that a fault that comes back soon is met higher up.
struct Ladder: Equatable {
    private(set) var rung: Rung?
    private var tries = 0
    /// The shared rung that was withheld and said so.
    var withheld: Rung?

    /// A link that is made anew may fail for reasons of its own, so the two rungs that need one
    /// have two tries.
    private static func tries(_ rung: Rung) -> Int {
        rung == .reconnect || rung == .removeDevice ? 2 : 1
    }

    /// The rung whose turn it is, not below `minimum`. The last is followed by `reconnect`.
    func next(atLeast minimum: Rung) -> Rung {
        guard let rung, rung >= minimum else { return minimum }
        if tries < Self.tries(rung) { return rung }
        return Rung(rawValue: rung.rawValue + 1) ?? max(.reconnect, minimum)
    }

    mutating func stand(on next: Rung) {
        tries = next == rung ? tries + 1 : 1
        rung = next
    }

    mutating func reset() { self = Ladder() }
}

/// Finds losses that come after the same time each: 30, 100 or 150 s with HCI reason 0x3b, when
/// the kernel refuses the connection parameters that the sensor asks for.
struct LossPattern {
    private var last: Int64 = 0
    private var count = 0

    /// A link has lasted for so long. Answers true at the third in a row that differs from the one
    /// before by less than a twentieth, and lasted 10 s to 5 minutes.
    mutating func lost(after duration: Int64) -> Bool {
        let isAlike = last > 0 && abs(duration - last) * 20 <= last
        let isLikely = duration >= 10 * second && duration <= 300 * second
        count = isLikely ? (isAlike ? count + 1 : 1) : 0
        last = isLikely ? duration : 0
        return count == 3
    }
}
