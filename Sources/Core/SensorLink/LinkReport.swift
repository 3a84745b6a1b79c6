public import Vitals

/// An event worth a line in the log.
public enum LinkReport: Equatable, Sendable {
    /// `at`: when the next step is due at the latest, monotonic nanoseconds.
    case sensorChanged(
        sensor: Int, from: SensorState, to: SensorState, LinkCause, next: NextStep, at: Int64?)
    case adapterChanged(from: AdapterState, to: AdapterState, LinkCause)
    case daemonChanged(from: DaemonState, to: DaemonState, LinkCause)
    /// It is off, and may not be switched on: somebody else took its power.
    case adapterLeftOff
    /// The device has this sensor index from now on.
    case bound(sensor: Int, BluetoothAddress, DeviceName)
    /// Another device is going to have it, or none.
    case released(sensor: Int, BluetoothAddress)
    /// A rung is climbed now; `sensor` is nil where no one sensor is the cause.
    case climbed(sensor: Int?, Rung, LinkCause)
    /// It is the turn of a shared rung, and it is not climbed: others stream (`healthy` of them),
    /// or it was climbed a short while ago, or it may not be.
    case withheld(sensor: Int, Rung, healthy: Int)
    /// Refused again and again while it advertises: busy with another device, as a rule.
    case heldElsewhere(sensor: Int)
    /// Lost three times after the same time: the kernel refuses the sensor's connection
    /// parameters, as a rule (HCI reason 0x3b).
    case periodicLoss(sensor: Int, afterMilliseconds: Int64)
    /// Values are taken through a socket (AcquireNotify) from now on, or by signals again.
    case notifyModeChanged(sensor: Int, NotifyMode, LinkCause)
    /// The same bytes for long: its values are neither judged nor sent.
    case frozen(sensor: Int)
    case unfrozen(sensor: Int)
    case batteryLow(sensor: Int, percent: UInt8)
    case batteryWell(sensor: Int, percent: UInt8)
    /// Something was read about the device: body sensor location, model, ….
    case described(sensor: Int, Characteristic)
    /// Losses while discovering: from now on it pauses between its turns, or no longer.
    case discoveryGentle(Bool)
    /// Discovery has seen nothing for long and is started anew.
    case discoveryRestarted
    /// The bus refuses our calls: a policy file is missing.
    case accessDenied
    /// systemd refuses to restart the daemon: nobody there to permit it (polkit).
    case restartDenied
}

/// How values of a device come.
public enum NotifyMode: UInt8, Sendable {
    /// StartNotify: signals on the bus.
    case signals
    /// AcquireNotify: a socket of its own.
    case socket
}

/// What was done and what happened, of one sensor, since the start.
public struct SensorCounters: Equatable, Sendable {
    public internal(set) var values: UInt64 = 0
    public internal(set) var linkLosses: UInt64 = 0
    public internal(set) var silences: UInt64 = 0
    public internal(set) var connectAttempts: UInt64 = 0
    public internal(set) var connectFailures: UInt64 = 0
    public internal(set) var resolveFailures: UInt64 = 0
    public internal(set) var subscriptionFailures: UInt64 = 0
    public internal(set) var frozen: UInt64 = 0
    /// Times that each rung was climbed for it, by raw value.
    public internal(set) var rungs = RungCounts()
}

/// A number for each rung.
public struct RungCounts: Equatable, Sendable {
    private var counts = InlineArray<6, UInt64>(repeating: 0)

    public internal(set) subscript(rung: Rung) -> UInt64 {
        get { counts[Int(rung.rawValue)] }
        set { counts[Int(rung.rawValue)] = newValue }
    }

    public static func == (one: RungCounts, other: RungCounts) -> Bool {
        Rung.allCases.allSatisfy { one[$0] == other[$0] }
    }
}

/// What was done and what happened, of all, since the start.
public struct LinkCounters: Equatable, Sendable {
    public internal(set) var events: UInt64 = 0
    public internal(set) var malformedMessages: UInt64 = 0
    public internal(set) var calls: UInt64 = 0
    public internal(set) var callFailures: UInt64 = 0
    public internal(set) var callTimeouts: UInt64 = 0
    public internal(set) var busLosses: UInt64 = 0
    public internal(set) var daemonLosses: UInt64 = 0
    public internal(set) var adapterLosses: UInt64 = 0
    public internal(set) var discoveryStarts: UInt64 = 0
    public internal(set) var discoveryQuiet: UInt64 = 0
    /// Devices that had to go because 64 others were known.
    public internal(set) var devicesForgotten: UInt64 = 0
    /// Reports that nobody took in time.
    public internal(set) var reportsDropped: UInt64 = 0
    /// Times that each rung was climbed.
    public internal(set) var rungs = RungCounts()
    /// Times that a shared rung was withheld.
    public internal(set) var withheld = RungCounts()
}
