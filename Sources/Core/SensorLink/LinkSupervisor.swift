import Bytes
import Uplink
import Vitals

/// The supervisor of the links: what happened on the bus and time in, calls out.
///
/// A caller hands it one event (or the time), then takes actions until `nextAction` is nil and
/// reports until `nextReport` is, and waits again until `nextDeadline`. It has no clock, bus or
/// thread and allocates nothing after its start.
///
/// It keeps a copy of BlueZ's objects as far as they concern it, and at every event compares
/// what is there with what is wanted: each sensor has at most one call under way, each call a
/// deadline of ours, and what was forgotten is found again by reading all objects anew.
/// `Connected` is never trusted; the age of the data is.
public struct LinkSupervisor: ~Copyable {
    public let settings: LinkSettings
    public internal(set) var counters = LinkCounters()
    /// Counts up whenever an event or a deadline was dealt with: what a watchdog looks at.
    public internal(set) var progress: UInt64 = 0
    public var sensorCount: Int { sensors.count }

    /// The latest time that was told.
    var time: Int64
    var random: RandomSource
    var actions: FixedQueue<BluetoothAction>
    var reports: FixedQueue<LinkReport>
    var lastCall: UInt32 = 0
    var lastTurn: UInt64 = 0

    var sensors: [Sensor]
    var devices: DeviceTable
    /// Devices have come or changed so that a sensor index may find one.
    var mayBind = false
    /// Service of each choice as a set; the settings' own makes an array when it is asked.
    let wantedServices: [ServiceSet]

    var bus: DaemonLife
    var radio: AdapterLife
    var discovery: DiscoveryLife
    var shared = SharedLife()

    /// `now` is monotonic time in nanoseconds, here and everywhere.
    public init(settings: LinkSettings, now: Int64) {
        precondition(
            settings.sensorCount <= LinkLimits.sensors, "there is room for every sensor")
        // Everything is set here, the settings first: with a default value at a property that is
        // not copyable, the optimiser of Swift 6.3.1 releases fields before they are set.
        self.settings = settings
        time = now
        random = RandomSource(seed: settings.seed)
        // Every call that may be under way abandoned and begun anew, twice over.
        actions = FixedQueue(capacity: 4 * (LinkLimits.sensors + 4))
        reports = FixedQueue(capacity: LinkLimits.reports)
        sensors = settings.choices.indices.flatMap { choice in
            (0..<settings.choices[choice].slots).map { _ in Sensor(choice: choice, now: now) }
        }
        devices = DeviceTable()
        wantedServices = settings.choices.map { choice in
            if case .service(let service) = choice.rule { return ServiceSet(service) }
            return ServiceSet(rawValue: 0)
        }
        bus = DaemonLife(now: now)
        radio = AdapterLife(now: now)
        discovery = DiscoveryLife(now: now)
        settle()
    }

    /// Something happened. The bytes of a value are `value`; the answer says whose they are, nil
    /// when it is no measurement of a sensor. Actions are taken before the next event.
    @discardableResult
    public mutating func handle(
        _ event: BluetoothEvent, value: Span<UInt8>, now: Int64
    ) -> LinkDelivery? {
        time = max(time, now)
        progress &+= 1
        counters.events += 1
        if case .valueArrived(let adapter, let id) = event {
            return takeValue(value, adapter: adapter, id)
        }
        apply(event, value: value)
        settle()
        return nil
    }

    /// Time has passed.
    public mutating func advance(to now: Int64) {
        time = max(time, now)
        if let due = nextDeadline, due <= time { progress &+= 1 }
        expireCalls()
        settle()
    }

    /// What the bus has to do next; nil when there is nothing before the next event or
    /// `nextDeadline`.
    public mutating func nextAction() -> BluetoothAction? { actions.popFirst() }

    public mutating func nextReport() -> LinkReport? { reports.popFirst() }

    /// Switches a sensor off (its link is ended), or on again.
    public mutating func setEnabled(_ isEnabled: Bool, sensor: Int, now: Int64) {
        precondition(sensors.indices.contains(sensor), "a sensor is one of the settings")
        time = max(time, now)
        guard sensors[sensor].isEnabled != isEnabled else { return }
        if !isEnabled { letGo(sensor, .disabled) }
        sensors[sensor].isEnabled = isEnabled
        sensors[sensor].cause = isEnabled ? .enabled : .disabled
        mayBind = true
        settle()
    }

    /// Compares what is there with what is wanted, and begins what is missing.
    mutating func settle() {
        stepDaemon()
        stepShared()
        stepAdapter()
        bindDevices()
        for index in sensors.indices { stepSensor(index) }
        stepConnections()
        stepDiscovery()
        // A step may have missed an object.
        stepDaemon()
        reportChanges()
    }

    // MARK: Calls

    /// The bus can be asked, and nothing that breaks everything is under way.
    var isReady: Bool { bus.state == .ready && shared.work == .none && radio.isPowered }

    mutating func begin(_ call: BluetoothCall, within deadline: Int64) -> PendingCall {
        lastCall &+= 1
        counters.calls += 1
        let id = CallID(lastCall)
        act(.call(id, call))
        return PendingCall(id: id, call: call, deadline: time + deadline)
    }

    mutating func act(_ action: BluetoothAction) {
        let taken = actions.append(action)
        precondition(taken, "actions are carried out before the next event")
    }

    /// Answers nil, to be put where the call was.
    mutating func abandoned(_ pending: PendingCall?) -> PendingCall? {
        if let pending { act(.abandon(pending.id)) }
        return nil
    }

    mutating func report(_ report: LinkReport) {
        if !reports.append(report) { counters.reportsDropped += 1 }
    }

    mutating func nextTurn() -> UInt64 {
        lastTurn += 1
        return lastTurn
    }
}
