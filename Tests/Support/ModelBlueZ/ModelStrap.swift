public import SensorLink
public import Vitals

/// A sensor as the radio knows it, with what is wrong with it.
public struct ModelStrap {
    /// What does not work until the rung, or a higher one, has been climbed for it.
    public struct Fault {
        public var cure: Rung

        public init(cure: Rung) { self.cure = cure }
    }

    public var address: BluetoothAddress
    public var kind = AddressKind.public
    /// BlueZ knows it as another: bonded, with a resolvable address.
    public var identity: BluetoothAddress?
    public var name: String
    public var services = ServiceSet(.heartRate)
    public var rssi: Int16 = -60
    /// Characteristics by kind; the handle is 16 + 3 x the place.
    public var characteristics: [Characteristic] = [.heartRateMeasurement]
    public var isInRange = true
    public var intervalNanoseconds: Int64 = 1_000_000_000
    /// The longest pause between two advertisements.
    public var advertisingNanoseconds: Int64 = 500_000_000
    /// From the last packet to Connected=false: 420 ms is the kernel's, sensors ask for 2 to 6 s.
    public var supervisionNanoseconds: Int64 = 2_000_000_000

    /// Connected, and no value is sent.
    public var mute: Fault?
    /// Connected, and no service is ever found.
    public var unresolved: Fault?
    /// ServicesResolved without the characteristics.
    public var bare: Fault?
    /// StartNotify and AcquireNotify fail with `other`: BlueZ has old handles in its cache.
    public var stale: Fault?
    /// A host has it and it advertises all the same: attempts are aborted at once.
    public var isHeld = false
    /// So many attempts are aborted, each with Connected=true for a moment behind it.
    public var aborts = 0
    /// Attempts that answer as if the other radio had been asked.
    public var classicAnswers = 0
    /// Signals bring nothing; a socket does.
    public var isMuteBySignals = false
    /// StartNotify is refused (NotPermitted); a socket is not.
    public var refusesSignals = false
    /// A socket ends at once.
    public var endsSockets = false
    /// The first attempts are answered with InProgress while BlueZ goes on by itself.
    public var inProgressAnswers = 0
    /// The next value is repeated forever.
    public var isFrozen = false
    /// It ends each link after this time.
    public var hangsUpAfter: Int64?

    // What the radio does with it.
    public internal(set) var isLinked = false
    var advertised: Int64 = 0
    var beats: UInt8 = 60
    var link = 0

    public init(_ address: BluetoothAddress, name: String) {
        self.address = address
        self.name = name
    }

    public static func handle(_ place: Int) -> UInt16 { UInt16(16 + 3 * place) }
}

/// A device object of the daemon.
struct ModelObject {
    var strap: Int
    let address: BluetoothAddress
    var isConnected = false
    var isResolved = false
    var hasServices = false
    var rssi: Int16?
    /// The daemon forgets it then, if it is not connected.
    var keptUntil: Int64
    var notifying: Set<UInt16> = []
    var sockets: Set<UInt16> = []
    /// Connect that is under way.
    var connecting: CallID?
    var isAttempted = false
    /// By the client that is there.
    var isCounted = false
    var attempt = 0
    /// It has been connected: the daemon's store knows it.
    var isStored = false
}
