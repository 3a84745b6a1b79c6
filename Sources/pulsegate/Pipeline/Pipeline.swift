import Alarm
import ControlSocket
import Diagnostics
import Gateway
import HTTPS
import Linux
import LocalHTTP
import RecordRing
import SigV4
import Time
import Vitals

/// The imperative shell around the gateway: it carries actions out and brings answers back.
///
/// One thread, one poll loop; what may wait for the card runs on the disk worker.
struct Pipeline: ~Copyable {
    /// What a wait of the poll loop is about.
    enum Token: UInt64 {
        case worker, signals, network, input, radio, credentials, button, control, http
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
    let time: TimeKeeper
    private let network: HTTPSClient?
    /// Sources of keys; nil without a sink that is reached over the network.
    private let desk: CredentialDesk?
    /// Lamps, buzzers and the button.
    let annunciator: Annunciator
    /// Commands from outside; nil where nobody may give any.
    private let control: ControlServer?
    /// The server of the LAN; nil where there is none.
    let http: HTTPDesk?
    /// Answers what the ring holds; nil where nobody asks.
    let records: RecordsDesk?
    /// What the console and the service manager ask for.
    let operations: Operations
    /// Since when the ring file is at its job, and each sink at its request.
    private var ringSince: Int64?
    private var sendingSince: [Int64?]
    /// The generation of the button that the poller watches.
    private var watchedButton = 0

    init(
        gateway: consuming Gateway, journal: Journal, ringJob: RingJob, worker: DiskWorker,
        ports: [any SinkPort], network: HTTPSClient?, desk: CredentialDesk?, time: TimeKeeper,
        annunciator: Annunciator, control: ControlServer?, http: HTTPDesk?, records: RecordsDesk?,
        operations: Operations
    ) throws(SystemError) {
        let poller = try Poller()
        try poller.set(
            worker.number, token: Token.worker.rawValue, readable: true, writable: false)
        if let network {
            try poller.set(
                network.number, token: Token.network.rawValue, readable: true, writable: false)
        }
        if let desk {
            try poller.set(
                desk.number, token: Token.credentials.rawValue, readable: true, writable: false)
        }
        if let control {
            try poller.set(
                control.number, token: Token.control.rawValue, readable: true, writable: false)
        }
        self.annunciator = annunciator
        self.control = control
        self.http = http
        self.records = records
        self.operations = operations
        sendingSince = ports.map { _ in nil }
        self.gateway = gateway
        self.journal = journal
        self.desk = desk
        self.worker = worker
        self.ports = ports
        self.network = network
        self.time = time
        self.poller = poller
        self.ringJob = ringJob
        // Until there is a key.
        for keeper in desk?.keepers ?? [] {
            for sink in keeper.sinks { self.gateway.suspendSink(sink.index) }
        }
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
        operations.forget(sensor: sensor)
        gateway.assign(sensor: sensor, name: short, time: time.now())
        carryOut()
    }

    /// Hands a notification to the gateway and carries out its alarm at once; everything else
    /// follows with `carryOut`.
    mutating func feed(
        _ notification: Span<UInt8>, _ characteristic: Characteristic = .heartRateMeasurement,
        sensor: Int = 0, time: Moment
    ) {
        let arrival = Clock.monotonicNanoseconds()
        let recorded = gateway.counters.recorded
        gateway.receive(
            notification, characteristic: characteristic, sensor: sensor, time: time,
            clock: self.time.state(at: arrival), now: arrival)
        let sequence = gateway.counters.recorded > recorded ? gateway.cursor.head - 1 : nil
        carryOut(arrival: arrival)
        operations.note(notification, characteristic, sensor: sensor, at: arrival)
        if characteristic == .heartRateMeasurement, let http, http.events.isWatched {
            http.tell(
                operations.live(of: sensor), sequence: sequence, sensor: journal.sensors[sensor],
                at: time, arrival: arrival)
        }
    }

    /// Takes actions until there is none. The first that is no alarm ends the alarm's latency,
    /// which began at `arrival` (monotonic nanoseconds).
    mutating func carryOut(arrival: Int64? = nil) {
        var arrival = arrival
        var now = arrival ?? Clock.monotonicNanoseconds()
        while true {
            let action = gateway.nextAction(now: now)
            if case .alarm(let event) = action {
                // Light and sound first: the log is a pipe that somebody may not read.
                annunciator.follow(gateway.panel, now: now)
                journal.note(event)
                http?.tell(event, self, now: now)
                continue
            }
            if let begun = arrival {
                now = Clock.monotonicNanoseconds()
                journal.alarmLatency.record(nanoseconds: now - begun)
                arrival = nil
            }
            guard let action else {
                // Lamps also say what is no alarm: the first value of a sensor.
                return annunciator.follow(gateway.panel, now: now)
            }
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
            ringSince = Clock.monotonicNanoseconds()
            worker.submit(ringJob)
        case .readRing(let first, let count):
            ringJob.prepareRead(first: first, count: count)
            ringSince = Clock.monotonicNanoseconds()
            worker.submit(ringJob)
        case .send(let sink):
            let now = time.now()
            if let boot = time.newBootTime(at: now.monotonicNanoseconds) { gateway.know(boot) }
            if let notes = time.save() { worker.submit(notes) }
            sendingSince[sink] = now.monotonicNanoseconds
            ports[sink].begin(sink: sink, gateway: &gateway, now: now, journal: journal)
        case .report(let report): journal.note(report)
        }
    }

    /// Waits for something to happen, at most until `deadline` or the gateway's own (monotonic
    /// nanoseconds), and brings it to the gateway.
    mutating func wait(until deadline: Int64?) throws(SystemError) -> Wakes {
        var due = gateway.deadline()
        if let deadline { due = min(due ?? deadline, deadline) }
        if let deadline = desk?.deadline(now: time.now()) { due = min(due ?? deadline, deadline) }
        if let deadline = control?.deadline { due = min(due ?? deadline, deadline) }
        let now = Clock.monotonicNanoseconds()
        try takeOutputs(now)
        if let number = http?.listen(now) { try watch(number, .http) }
        if let deadline = http?.deadline { due = min(due ?? deadline, deadline) }
        if let deadline = http?.ingest?.deadline { due = min(due ?? deadline, deadline) }
        if let deadline = annunciator.deadline(now: now) { due = min(due ?? deadline, deadline) }
        if let woken {
            journal.turnLatency.record(nanoseconds: now - woken)
            operations.watch.noteTurn(nanoseconds: now - woken)
        }
        LastWords.note("nothing: it waits")
        let timeout = due.map { $0 - now }
        var wakes = Wakes()
        var hasJobs = false
        var hasTraffic = false
        var hasEdge = false
        var hasCallers = false
        var hasClients = false
        try poller.wait(timeoutNanoseconds: timeout) { event in
            switch Token(rawValue: event.token) {
            case .worker: hasJobs = true
            case .network: hasTraffic = true
            case .signals: wakes.signals = true
            case .input: wakes.input = true
            case .radio: wakes.radio = true
            case .button: hasEdge = true
            case .control: hasCallers = true
            case .http: hasClients = true
            // What programs have printed is taken in any case.
            case .credentials, nil: break
            }
        }
        let woke = Clock.monotonicNanoseconds()
        woken = woke
        LastWords.note("alarm")
        annunciator.advance(woke)
        if hasEdge && annunciator.takeEdge(now: woke) { gateway.acknowledgeAlarms(now: woke) }
        gateway.noteClock(time.state(at: woke))
        LastWords.note("ring")
        if hasJobs { finishJobs() }
        LastWords.note("uplink")
        if hasTraffic { finishTransfers() }
        carryOut()
        askForKeys()
        LastWords.note("control socket")
        if hasCallers || control?.deadline.map({ woke >= $0 }) ?? false {
            try serveCallers(now: woke)
        }
        LastWords.note("http")
        http?.ingest?.settle(now: woke) { gateway.state(ofPost: $0) }
        if hasClients || http?.deadline.map({ woke >= $0 }) ?? false { serveClients(now: woke) }
        LastWords.note("input or bus")
        return wakes
    }

    /// Looks for outputs and a button that are not there, and watches a new one.
    private mutating func takeOutputs(_ now: Int64) throws(SystemError) {
        annunciator.take(now)
        guard annunciator.buttonGeneration != watchedButton, let number = annunciator.buttonNumber
        else { return }
        watchedButton = annunciator.buttonGeneration
        try poller.set(number, token: Token.button.rawValue, readable: true, writable: false)
    }

    private mutating func serveCallers(now: Int64) throws(SystemError) {
        guard let control else { return }
        var lines: [String] = []
        try control.service(now: now) { line in
            lines.append(line)
            return ControlDesk.answer(line, &self, now: now)
        }
        if !lines.isEmpty { carryOut() }
    }

    private mutating func serveClients(now: Int64) {
        guard let http else { return }
        http.sendStatus(of: self, now: now)
        http.service { Routes.answer($0, &self) }
        records?.advance(gateway)
        carryOut()
    }

    /// Begins to watch the button, and plays the test of the start.
    mutating func beginAlarms(testing: Bool) {
        let now = Clock.monotonicNanoseconds()
        annunciator.take(now)
        if testing && annunciator.hasOutputs { gateway.testAlarm(now: now) }
        carryOut()
    }

    /// Lets the sources of keys do what is due; sinks whose key came or ended are told.
    private mutating func askForKeys() {
        guard let desk else { return }
        var isChanged = false
        desk.advance { sink, hasKey in
            isChanged = true
            if hasKey && !operations.isSafe {
                gateway.resumeSink(sink)
            } else {
                gateway.suspendSink(sink)
            }
        }
        if isChanged { carryOut() }
    }

    /// Lets all sinks rest, or those that can go on go on.
    mutating func setSafeMode(_ isOn: Bool) {
        operations.setSafe(isOn)
        for sink in gateway.sinks.indices {
            if isOn { gateway.suspendSink(sink) } else if hasKey(sink) { gateway.resumeSink(sink) }
        }
        carryOut()
    }

    /// The sink needs no key, or has one.
    private func hasKey(_ sink: Int) -> Bool {
        let keeper = desk?.keepers.first { $0.sinks.contains { $0.index == sink } }
        return keeper.map { $0.usable(now: time.now()) != nil } ?? true
    }

    /// Calls `body` for every sink that needs a key: its name, whether there is one, and when it
    /// ends, microseconds since 1970.
    func eachKey(_ body: (String, Bool, Int64?) -> Void) {
        for keeper in desk?.keepers ?? [] {
            let isUsable = keeper.usable(now: time.now()) != nil
            for sink in keeper.sinks { body(sink.name, isUsable, keeper.expiryWallMicroseconds) }
        }
    }

    /// Each source of keys: its sinks, and the id of the key that it has.
    func keyLines() -> [String] {
        (desk?.keepers ?? []).map { keeper in
            let names = keeper.sinks.map(\.name).joined(separator: ", ")
            let key = keeper.usable(now: time.now()).map {
                "key \($0.credentials.accessKeyID.prefix(4))..., version \($0.version)"
            }
            return "\(names): \(key ?? "no usable key")"
        }
    }

    /// Says of every stage since when it is at its work. What is overdue hangs as long as it is.
    func noteStages(now: Int64, busDue: Int64?) {
        func overdue(_ due: Int64?) -> Int64? { due.flatMap { $0 < now ? $0 : nil } }
        operations.watch.note(.ring, since: ringSince)
        operations.watch.note(.uplink, since: sendingSince.compactMap { $0 }.min())
        operations.watch.note(.alarm, since: overdue(gateway.panel.deadline))
        operations.watch.note(.bus, since: overdue(busDue))
    }

    private mutating func finishJobs() {
        while let job = worker.nextFinished() {
            if job === ringJob {
                finishRingJob()
                continue
            }
            if job === time.file {
                time.saved()
                continue
            }
            if desk?.finish(job) ?? false { continue }
            if records?.finish(job) ?? false {
                records?.advance(gateway)
                continue
            }
            for (sink, port) in ports.enumerated() {
                guard let port = port as? any DiskSink, port.job === job else { continue }
                sendingSince[sink] = nil
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
            if desk?.finish(transfer) ?? false { continue }
            for (sink, port) in ports.enumerated() {
                guard let port = port as? any NetworkSink, port.transfer === transfer else {
                    continue
                }
                sendingSince[sink] = nil
                port.finish(sink: sink, gateway: &gateway, journal: journal)
            }
        }
    }

    private mutating func finishRingJob() {
        ringSince = nil
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
        // The worker may have to wait for the card: no lamp stays as it just was meanwhile.
        annunciator.close()
        http?.close()
        for port in ports { port.cancel() }
        if let notes = time.save(atEnd: true) { worker.submit(notes) }
        desk?.stop()
        worker.stop()
    }
}
