/// What the gateway has seen since its start. Every refusal and loss has its own number.
public struct Counters: Equatable, Sendable {
    /// Notifications, whatever was in them.
    public var notifications: UInt64 = 0
    /// Notifications that were no measurement.
    public var malformed: UInt64 = 0
    /// Measurements with a value that nobody alive has.
    public var implausible: UInt64 = 0
    /// Measurements of a sensor that has no skin under it.
    public var offSkin: UInt64 = 0
    /// Measurements of other sensors that say that they have no value.
    public var withoutValue: UInt64 = 0
    /// Measurements that were judged and recorded.
    public var recorded: UInt64 = 0
    /// Those of them that are no heart rates.
    public var vitalsRecorded: UInt64 = 0
    /// Pulse rates of oximeters that the rate alarm judged.
    public var pulsesJudged: UInt64 = 0
    /// Measurements that were judged, and not recorded because the ring was full.
    public var refusedByFullRing: UInt64 = 0
    /// Error records: what was refused for good and is kept as such.
    public var errorsRecorded: UInt64 = 0
    /// Forms that were posted and recorded.
    public var patientStatsRecorded: UInt64 = 0
    /// Alarms about a heart rate.
    public var alarmsRaised: UInt64 = 0
    public var alarmsCleared: UInt64 = 0
    /// Alarms about the gateway, its sensors and its sinks.
    public var technicalAlarmsRaised: UInt64 = 0
    /// Records of the alarm log.
    public var alarmsRecorded: UInt64 = 0
    /// Writes of the ring file that were completed.
    public var ringWrites: UInt64 = 0
    /// Those of them that ended with an fdatasync.
    public var ringSyncs: UInt64 = 0
    public var ringFailures: UInt64 = 0
    /// Reads whose records were given up, because the place failed again and again.
    public var readsGivenUp: UInt64 = 0
    /// Records that left memory before the card had taken them.
    public var unsyncedGivenUp: UInt64 = 0
    /// Reports that found the queue full.
    public var reportsDropped: UInt64 = 0

    public init() {}
}
