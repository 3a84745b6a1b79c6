/// Where a sensor is in its life.
public enum SensorState: UInt8, CaseIterable, Sendable {
    /// Switched off by the user.
    case disabled
    /// Not to be seen, and not looked for at the moment.
    case absent
    /// Looked for.
    case discovering
    /// Seen; it has its turn, or waits for it.
    case connecting
    /// Connected; its services are being read.
    case resolving
    /// Its measurements are being subscribed to, or the first is awaited.
    case subscribing
    case streaming
    /// Connected and subscribed, and nothing comes: the subscription is made anew.
    case silent
    /// A higher rung of the ladder is under way, or awaited.
    case recovering
}

/// The adapter that is used.
public enum AdapterState: UInt8, CaseIterable, Sendable {
    case absent
    case off
    case on
    case discovering
}

/// The way to BlueZ.
public enum DaemonState: UInt8, CaseIterable, Sendable {
    /// No connection to the system bus.
    case busClosed
    /// Nobody owns `org.bluez`.
    case away
    /// Its objects are being read.
    case enumerating
    case ready
}

/// What is tried against trouble, from what hurts least to what hurts most. The last three are
/// shared: they break every sensor of the adapter.
public enum Rung: UInt8, CaseIterable, Comparable, Sendable {
    case resubscribe
    case reconnect
    case removeDevice
    case powerCycle
    case restartDaemon
    case resetRadio

    public var isShared: Bool { self >= .powerCycle }

    public static func < (one: Rung, other: Rung) -> Bool { one.rawValue < other.rawValue }
}

/// Why something changed.
public enum LinkCause: Equatable, Sendable {
    case started
    case enabled
    case disabled
    /// Everything went well: the next state of a life.
    case progress
    /// Seen (an advertisement).
    case sighted
    /// BlueZ said Connected, unasked: at the start, or after the attempt was given up.
    case foundConnected
    /// Data comes (again).
    case valuesArrive
    /// No data for the time that is allowed.
    case silence
    /// BlueZ ended the subscription.
    case unsubscribed
    /// The link ended: out of range, switched off, or the link's own fault.
    case linkLost
    /// Its last sighting is too old.
    case notSeen
    case connectFailed(CallFailure)
    case connectTimedOut
    /// Refused again and again while it advertises: another host has it.
    case heldElsewhere
    /// The measurement characteristics did not appear.
    case servicesMissing
    case subscriptionFailed(CallFailure)
    /// A call was not answered.
    case callTimedOut
    /// An own call failed.
    case callFailed(CallFailure)
    case deviceRemoved
    case adapterAbsent
    case adapterOff
    /// Discovery has seen nothing for long.
    case discoveryQuiet
    case daemonAway
    case daemonSilent
    case busClosed
    /// A shared rung was climbed.
    case sharedRung(Rung)
}

/// What is going to be done.
public enum NextStep: Equatable, Sendable {
    case nothing
    case openBus
    case awaitDaemon
    case awaitAdapter
    case awaitPower
    /// Wait for an advertisement.
    case discover
    /// Wait for a turn, or for the back-off to end.
    case connect
    case awaitConnection
    case awaitServices
    case awaitSubscription
    case awaitValue
    case climb(Rung)
}
