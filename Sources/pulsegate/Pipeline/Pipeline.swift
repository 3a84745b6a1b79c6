import Diagnostics
import Gateway
import HTTPS
import Linux
import RecordRing
import Time
import Vitals

/// The imperative shell around the gateway: it carries actions out and brings answers back.
///
/// One thread, one poll loop; what may wait for the card runs on the disk worker.
struct Pipeline: ~Copyable {
    /// What a wait of the poll loop is about.
    enum Token: UInt64 {
        case worker, signals, network, input, radio
    }

    /// What woke the loop, beside its own descriptors.
    struct Wakes {
        var input = false
        var signals = false
        var radio = false
    }

    var gateway: Gateway
    let journal: Journal
    private let ringJob: RingJob
    private let worker: DiskWorker
    private let ports: [any SinkPort]
    private var poller: Poller
    /// When the poll loop woke last, monotonic nanoseconds.
    private var woken: Int64?
    let keeper: TimeKeeper
    private let network: HTTPSClient?

    init(
        gateway: consuming Gateway, journal: Journal, ringJob: RingJob, worker: DiskWorker,
        ports: [any SinkPort], network: HTTPSClient?, keeper: TimeKeeper
    ) throws(SystemError) {
        let poller = try Poller()
        try poller.set(
            worker.number, token: Token.worker.rawValue, readable: true, writable: false)
        if let network {
            try poller.set(
                network.number, token: Token.network.rawValue, readable: true, writable: false)
        }
        self.gateway = gateway
        self.journal = journal
        self.worker = worker
        self.ports = ports
        self.network = network
        self.keeper = keeper
        self.poller = poller
        self.ringJob = ringJob
    }

    /// Watches a descriptor of the caller's.
    func watch(_ number: Int32, _ token: Token) throws(SystemError) {
        try poller.set(number, token: token.rawValue, readable: true, writable: false)
    }

    func unwatch(_ number: Int32) { poller.remove(number) }

    /// Another device has taken the place of a sensor.
    mutating func assign(sensor: Int, name: String) {
        guard let short = SensorName(name) else {
            preconditionFailure("an address is short enough for a name")
        }
        journal.rename(sensor: sensor, to: name)
        gateway.assign(sensor: sensor, name: short, time: keeper.now())
        carryOut()
    }

    /// Hands a notification to the gateway and carries out its alarm at once; everything else
    /// follows with `carryOut`.
    mutating func feed(
        _ notification: Span<UInt8>, _ characteristic: Characteristic = .heartRateMeasurement,
        sensor: Int = 0, time: Moment
    ) {
        let arrival = Clock.monotonicNanoseconds()
        gateway.receive(
            notification, characteristic: characteristic, sensor: sensor, time: time,
            clock: keeper.state(at: arrival), now: arrival)
        carryOut(arrival: arrival)
    }

    /// Takes actions until there is none. The first that is no alarm ends the alarm's latency,
    /// which began at `arrival` (monotonic nanoseconds).
    mutating func carryOut(arrival: Int64? = nil) {
        var arrival = arrival
        var now = arrival ?? Clock.monotonicNanoseconds()
        while true {
            let action = gateway.nextAction(now: now)
            if case .alarm(let event) = action {
                journal.note(event)
                continue
            }
            if let begun = arrival {
                now = Clock.monotonicNanoseconds()
                journal.alarmLatency.record(nanoseconds: now - begun)
                arrival = nil
            }
            guard let action else { return }
            perform(action)
        }
    }

    private mutating func perform(_ action: Action) {
        switch action {
        case .alarm(let event): journal.note(event)
        case .writeRing(let first, let count, let sync):
            let head = gateway.headRecord()
            ringJob.prepareWrite(first: first, head: head, sync: sync) { slots in
                gateway.copySlots(first: first, count: count, into: &slots)
            }
            worker.submit(ringJob)
        case .readRing(let first, let count):
            ringJob.prepareRead(first: first, count: count)
            worker.submit(ringJob)
        case .send(let sink):
            let now = keeper.now()
            if let time = keeper.newBootTime(at: now.monotonicNanoseconds) { gateway.know(time) }
            if let notes = keeper.save() { worker.submit(notes) }
            ports[sink].begin(sink: sink, gateway: &gateway, now: now, journal: journal)
        case .report(let report): journal.note(report)
        }
    }

    /// Waits for something to happen, at most until `deadline` or the gateway's own (monotonic
    /// nanoseconds), and brings it to the gateway.
    mutating func wait(until deadline: Int64?) throws(SystemError) -> Wakes {
        var due = gateway.deadline()
        if let deadline { due = min(due ?? deadline, deadline) }
        let now = Clock.monotonicNanoseconds()
        if let woken { journal.turnLatency.record(nanoseconds: now - woken) }
        let timeout = due.map { $0 - now }
        var wakes = Wakes()
        var hasJobs = false
        var hasTraffic = false
        try poller.wait(timeoutNanoseconds: timeout) { event in
            switch Token(rawValue: event.token) {
            case .worker: hasJobs = true
            case .network: hasTraffic = true
            case .signals: wakes.signals = true
            case .input: wakes.input = true
            case .radio: wakes.radio = true
            case nil: break
            }
        }
        woken = Clock.monotonicNanoseconds()
        if hasJobs { finishJobs() }
        if hasTraffic { finishTransfers() }
        carryOut()
        return wakes
    }

    private mutating func finishJobs() {
        while let job = worker.nextFinished() {
            if job === ringJob {
                finishRingJob()
                continue
            }
            if job === keeper.file {
                keeper.saved()
                continue
            }
            for (sink, port) in ports.enumerated() {
                guard let port = port as? any DiskSink, port.job === job else { continue }
                port.finish(sink: sink, gateway: &gateway, journal: journal)
            }
        }
    }

    private mutating func finishTransfers() {
        guard let network else { return }
        do throws(HTTPSError) {
            try network.progress()
        } catch {
            journal.log.write(.error, "\(error)")
        }
        while let transfer = network.nextFinished() {
            for (sink, port) in ports.enumerated() {
                guard let port = port as? any NetworkSink, port.transfer === transfer else {
                    continue
                }
                port.finish(sink: sink, gateway: &gateway, journal: journal)
            }
        }
    }

    private mutating func finishRingJob() {
        let now = Clock.monotonicNanoseconds()
        journal.wear = ringJob.wear
        if let took = ringJob.syncNanoseconds { journal.syncLatency.record(nanoseconds: took) }
        let trouble = journal.ringTrouble
        if let mend = ringJob.mend { trouble.note(mend) }
        if let failure = ringJob.failure {
            trouble.note(failure, unsynced: gateway.cursor.unsyncedCount, now: now)
            return gateway.ringFailed(
                failure.diskCause == .readOnly ? .readOnly : .device, now: now)
        }
        trouble.noteSuccess()
        if case .cut = ringJob.mend {
            gateway.ringCut(now: now)
        } else if ringJob.isRead {
            ringJob.withSlots { gateway.ringRead($0) }
        } else {
            gateway.ringWritten(replaced: ringJob.replaced, now: now)
        }
    }

    /// What the card does wrong, in a few words; nil when it works.
    var ringTrouble: String? {
        guard let trouble = gateway.ringTrouble else { return nil }
        if trouble.kind == .stalled { return "no answer" }
        return journal.ringTrouble.failure?.reason ?? "failed"
    }

    /// Ends the worker after what it has begun, and what runs on the network.
    func stop() {
        for port in ports { port.cancel() }
        if let notes = keeper.save(atEnd: true) { worker.submit(notes) }
        worker.stop()
    }
}
