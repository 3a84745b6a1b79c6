/// What the supervisor may do to parts that are not its own.
public struct LinkPermissions: OptionSet, Equatable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Take a device out of BlueZ with its cache and bond, and look for it again.
    public static let removeDevice = LinkPermissions(rawValue: 1)
    /// Switch the adapter off and on again.
    public static let power = LinkPermissions(rawValue: 2)
    public static let restartDaemon = LinkPermissions(rawValue: 4)
    public static let resetRadio = LinkPermissions(rawValue: 8)
    /// Switch an adapter on whose power somebody else took, and unblock a radio that somebody
    /// else blocked. Power that a rung took is given back without it.
    public static let powerOn = LinkPermissions(rawValue: 16)
    public static let all: LinkPermissions = [
        .removeDevice, .power, .restartDaemon, .resetRadio, .powerOn,
    ]
}

/// How long things may take, nanoseconds each.
public struct LinkDeadlines: Equatable, Sendable {
    /// From Connect to Connected. A sensor that was seen a moment ago answers within 0.4 s, and
    /// within 11 s where another program's scan hides it behind the duplicate filter; BlueZ itself
    /// would wait 40 s for one that is gone, and nobody else is connected meanwhile.
    public var connect: Int64 = 15 * second
    /// From a call to its answer. The slowest, Disconnect, takes 1.8 to 2.7 s.
    public var call: Int64 = 5 * second
    /// From RestartUnit to its answer; systemd gives a service that will not stop 90 s, and then
    /// the next rung is better than waiting.
    public var restart: Int64 = 20 * second
    /// From Connected to the measurement characteristic (without a cache some sensors need 10 s).
    public var resolve: Int64 = 15 * second
    /// From a subscription to the first value: a sensor that sends once a second sends within 2.
    public var firstValue: Int64 = 5 * second
    /// Silence is never shorter than this, and never shorter than three usual intervals.
    public var silence: Int64 = 3 * second
    /// A stream of this length is well: its sensor's ladder starts from the bottom again.
    public var stable: Int64 = 20 * second
    /// The same bytes for this long are a frozen value. The longest steady run in the recorded
    /// sessions of people (without RR intervals, one value a second) is 66 s.
    public var frozen: Int64 = 120 * second
    /// A sighting is good for this long: BlueZ forgets an unpaired device 30 s after its last.
    public var sighting: Int64 = 30 * second
    /// No device of any kind has been seen for this long while discovering: start it anew.
    public var quietRestart: Int64 = 60 * second
    /// The same while a sensor is in trouble, whose strap should be there.
    public var quietRestartInTrouble: Int64 = 15 * second
    /// And for this long: the three shared rungs, `quietRestart` apart. Again after twice the time
    /// and then every `LinkLimits.longestPause`, because an empty room looks the same.
    public var quietPowerCycle: Int64 = 600 * second
    /// An absent adapter, or an absent daemon, is waited for this long before it is called back.
    public var absence: Int64 = 3 * second
    /// A shared rung is climbed when no sensor has streamed for this long.
    public var sharedQuiet: Int64 = 20 * second
    /// A sensor index of a choice for any device is kept this long for a device that went away.
    public var hold: Int64 = 300 * second

    public init() {}
}

/// Everything the supervisor of the links is told at its start.
public struct LinkSettings: Sendable {
    /// Sensor indices are given in this order: the slots of the first choice, of the second, ….
    public var choices: [SensorChoice]
    /// The number in the adapter's name; nil: the lowest there is.
    public var adapter: UInt8?
    /// For back-off.
    public var seed: UInt64
    public var permissions = LinkPermissions.all
    public var deadlines = LinkDeadlines()
    /// At or below, the battery is low; it is well again above `batteryWellPercent`.
    public var batteryLowPercent: UInt8 = 15
    public var batteryWellPercent: UInt8 = 20
    /// Discover even when no sensor is missing: to list what is near.
    public var discoversAlways = false

    public init(choices: [SensorChoice], adapter: UInt8? = nil, seed: UInt64) {
        self.choices = choices
        self.adapter = adapter
        self.seed = seed
    }

    public var sensorCount: Int { choices.reduce(0) { $0 + $1.slots } }
}

/// Numbers that bound memory and work.
public enum LinkLimits {
    /// Devices that are known at one time; the weakest that nobody wants is forgotten first.
    public static let devices = 64
    /// Sensors, fewer than devices so that there is always one to forget.
    public static let sensors = 56
    /// Adapters that are told apart: `hci0` to `hci7`.
    public static let adapters = 8
    /// Known characteristics of a device; a sensor has one of each kind at most.
    public static let characteristics = 16
    public static let reports = 256
    /// A shared rung is withheld for being seldom no longer than this, and a radio that sees
    /// nothing is left alone no longer, nanoseconds. It is the greatest part of what a fault may
    /// cost: a strap that is put on beside a radio that went deaf is not seen meanwhile.
    public static let longestPause: Int64 = 1_800_000_000_000
}

let second: Int64 = 1_000_000_000
let millisecond: Int64 = 1_000_000
