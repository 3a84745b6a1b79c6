import Bytes
import Uplink
import Vitals

/// The supervisor of the links: what happened on the bus and time in, calls out.
///
/// A caller hands it one event (or the time), then takes actions until `nextAction` is nil and
/// reports until `nextReport` is, and waits again until `nextDeadline`. It has no clock, bus or
/// thread and allocates nothing after its start.
public struct LinkSupervisor: ~Copyable {
    public let settings: LinkSettings
    public internal(set) var counters = LinkCounters()
    /// Counts up whenever an event or a deadline was dealt with: what a watchdog looks at.
    public internal(set) var progress: UInt64 = 0

    var actions: FixedQueue<BluetoothAction>
    var reports: FixedQueue<LinkReport>

    /// `now` is monotonic time in nanoseconds, here and everywhere.
    public init(settings: LinkSettings, now: Int64) {
        self.settings = settings
        actions = FixedQueue(capacity: 1)
        reports = FixedQueue(capacity: LinkLimits.reports)
    }

    /// Something happened. The bytes of a value are `value`; the answer says whose they are, nil
    /// when it is no measurement of a sensor.
    @discardableResult
    public mutating func handle(
        _ event: BluetoothEvent, value: Span<UInt8>, now: Int64
    ) -> LinkDelivery? { nil }

    /// Time has passed.
    public mutating func advance(to now: Int64) {}

    /// When `advance` has something to do by itself; nil for never.
    public var nextDeadline: Int64? { nil }

    public mutating func nextAction() -> BluetoothAction? { actions.popFirst() }

    public mutating func nextReport() -> LinkReport? { reports.popFirst() }

    /// Switches a sensor off, or on again.
    public mutating func setEnabled(_ isEnabled: Bool, sensor: Int, now: Int64) {}

    public var daemon: DaemonState { .busClosed }
    public var adapter: AdapterState { .absent }

    public func status(sensor: Int, now: Int64) -> SensorStatus? { nil }

    /// What is known of near devices, by index 0 ..< `LinkLimits.devices`; nil where there is none.
    public func device(_ index: Int, now: Int64) -> NearbyDevice? { nil }
}
