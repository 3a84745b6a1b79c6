import Alarm
import ControlSocket
import Credentials
import Gateway
import HTTPS
import LibCrypto
import Linux
import RecordRing
import Recording
import Time
import Vitals

/// Where one sink's records go, in the terms of the edges.
struct SinkPlan {
    enum Kind {
        case file(LineFileSettings)
        /// `type`: the configuration's word.
        case network(type: String, SinkSettings.Kind, NetworkPlan)

        var name: String {
            switch self {
            case .file: "file"
            case .network(let type, _, _): type
            }
        }
    }

    var name: String
    var takes = SinkSettings.Takes.records
    var flushNanoseconds: Int64
    var batchRecords: Int
    var order = SinkSettings.Order.oldestFirst
    /// Records a second.
    var drainRate: Int?
    var kind: Kind

    /// Its part of the line that says what a session does.
    var summary: String {
        switch takes {
        case .records: "\(name) (\(kind.name))"
        case .errors: "\(name) (\(kind.name), errors)"
        case .patientStats: "\(name) (\(kind.name), patient_stats)"
        case .all: "\(name) (\(kind.name), with errors)"
        }
    }
}

/// What one sensor is called, and when its heart rate is an alarm.
struct SensorPlan {
    var name: String
    var limits: RateLimits
}

/// Everything that a session is opened with, whichever command asks for it.
struct SessionPlan {
    var device: String
    var dataFolder: String
    var ringBytes: UInt64
    var syncNanoseconds: Int64
    var lazyNanoseconds: Int64 = 30_000_000_000
    var syncsEach = false
    var refusesWhenFull = false
    /// At least one. A recording and standard input are those of the first.
    var sensors: [SensorPlan]
    var sinks: [SinkPlan]
    /// A recording to play. Without one and without a radio: lines of hexadecimal on standard
    /// input.
    var recording: (bytes: [UInt8], name: String, speed: ReplaySpeed, loops: Bool)?
    /// Sensors in range.
    var radio: RadioPlan?
    var ending: Session.Ending
    var storagePolicy = StoragePolicy.lasting
    /// How often the log says how it goes.
    var statusNanoseconds: Int64?
    /// nil: heart rates are judged, and that is all.
    var manners: AlarmManners?
    var testsAtStart = false
    var outputs: [OutputPlan] = []
    var button: ButtonPlan?
    /// Where the control socket lies; nil for none.
    var controlPath: String?
    /// The server of the LAN; nil for none.
    var http: HTTPPlan?
    /// What the console and the service manager ask for.
    var operations = Operations()
}

extension SessionPlan {
    /// Opens ring, sinks and input, and puts the pipeline together.
    func open(
        log: Log, onBeat: @escaping (Moment, UInt16?) -> Void
    ) throws(SetupError) -> Session {
        // Before the first thread: the disk worker inherits the signal mask.
        let signals = try SetupError.wrap { () throws(SystemError) in try Signals() }
        // A recording that cannot be read leaves no ring behind.
        var replay = try openReplay()
        let radio = try openRadio()
        let (ring, recovered) = try openRing(log)
        let worker = try SetupError.wrap { () throws(SystemError) in
            try DiskWorker(capacity: 3 + sinks.count)
        }
        let boot = try SetupError.wrap { () throws(SystemError) in try Clock.bootID() }
        let time = TimeKeeper(folder: dataFolder, boot: boot, log: log)
        let network = try openNetwork()
        let desk = try openDesk(log, worker, network, time)
        var ports: [any SinkPort] = []
        for index in sinks.indices {
            ports.append(try openPort(index, worker, network, desk, time))
        }
        // The time of a recording begins when everything is ready for it.
        let start = time.now()
        replay?.begin(at: start)
        let gateway = Gateway(
            settings: try gatewaySettings(replay?.sensorStart ?? start, boot, time),
            cursor: recovered.cursor,
            head: recovered.head,
            now: start.monotonicNanoseconds)
        let wear = recovered.head?.wear ?? WearStatistics()
        let journal = Journal(
            log: log, sensors: sensors.map(\.name), sinks: sinks.map(\.name), ringPath: ring.path,
            start: replay?.sensorStart ?? start, wear: wear)
        let ringJob = RingJob(
            file: ring, records: max(Limits.writeRecords, Limits.readRecords), wear: wear)
        let http = openHTTP(log)
        http?.ingest?.restore(
            from: ring.path, before: recovered.cursor.head, oldest: recovered.cursor.oldest,
            log: log)
        do throws(SystemError) {
            var pipeline = try Pipeline(
                gateway: gateway, journal: journal, ringJob: ringJob, worker: worker,
                ports: ports, network: network, desk: desk, time: time,
                annunciator: Annunciator(outputs: outputs, button: button, log: log),
                control: openControl(log), http: http,
                records: http.map { _ in RecordsDesk(ring: ring, worker: worker, log: log) },
                operations: operations)
            operations.expect(sensors: sensors.count)
            if ending.hasInput { pipeline.beginAlarms(testing: testsAtStart) }
            return try Session(
                pipeline: pipeline, replay: replay, radio: radio, ending: ending, signals: signals,
                start: start, onBeat: onBeat)
        } catch {
            throw SetupError("\(error)")
        }
    }

    /// A gateway that cannot be asked is a gateway all the same.
    private func openControl(_ log: Log) -> ControlServer? {
        guard let controlPath else { return nil }
        do throws(SystemError) {
            try Path.makeFolders(Path.folder(of: controlPath))
            return try ControlServer(path: controlPath)
        } catch {
            log.write(
                .warning,
                "control socket: \(error); `pulsegate alarm` does not reach this gateway (set "
                    + "[gateway] runtime)")
            return nil
        }
    }

    private func openHTTP(_ log: Log) -> HTTPDesk? {
        http.map {
            HTTPDesk($0, device: device, sensors: sensors.count, sinks: sinks.count, log: log)
        }
    }

    private func openReplay() throws(SetupError) -> Replay? {
        guard let recording else { return nil }
        do throws(RecordingError) {
            return try Replay(
                bytes: recording.bytes, speed: recording.speed, loops: recording.loops,
                start: Clock.now())
        } catch {
            throw SetupError("\(recording.name): \(error)")
        }
    }

    private func openRadio() throws(SetupError) -> Radio? {
        guard let radio, ending.hasInput else { return nil }
        return try Radio(radio)
    }

    private func openRing(_ log: Log) throws(SetupError) -> (RingFile, RecoveredRing) {
        try checkStorage(log)
        try SetupError.wrap { () throws(SystemError) in try Path.makeFolders(dataFolder) }
        let path = "\(dataFolder)/ring"
        let ring: RingFile
        do throws(RingFileError) {
            ring = try RingFile.open(path, bytes: ringBytes)
        } catch {
            throw SetupError("\(error)")
        }
        let recovered = try SetupError.wrap { () throws(SystemError) in try ring.recover() }
        if recovered.recordCount > 0 {
            let found = RingText.count(recovered.recordCount, "record")
            log.write(.information, "ring: \(found) found in \(path)")
        }
        if recovered.damagedCount > 0 {
            log.write(
                .warning,
                "ring: \(RingText.count(recovered.damagedCount, "slot")) damaged in \(path)")
        }
        if recovered.tornCount > 0 {
            log.write(
                .notice,
                "ring: \(RingText.count(recovered.tornCount, "slot")) torn in \(path); being "
                    + "written when the power went")
        }
        if let asked = RingGeometry(fileBytes: ringBytes), asked != ring.geometry {
            log.write(
                .notice,
                "ring: \(path) keeps its \(RingText.count(ring.geometry.slotCount, "slot")); the "
                    + "size asked for has \(asked.slotCount) (a new size takes a new file)")
        }
        return (ring, recovered)
    }

    private func openNetwork() throws(SetupError) -> HTTPSClient? {
        let isNeeded = sinks.contains { if case .network = $0.kind { true } else { false } }
        guard isNeeded else { return nil }
        do throws(HTTPSError) {
            return try HTTPSClient()
        } catch {
            throw SetupError("network: \(error)")
        }
    }

    private func openDesk(
        _ log: Log, _ worker: DiskWorker, _ network: HTTPSClient?, _ time: TimeKeeper
    ) throws(SetupError) -> CredentialDesk? {
        guard let network else { return nil }
        return try SetupError.wrap { () throws(SystemError) in
            try CredentialDesk(
                environment: CredentialEnvironment(variable: Environment.value), log: log,
                worker: worker, network: network, time: time)
        }
    }

    private func openPort(
        _ index: Int, _ worker: DiskWorker, _ network: HTTPSClient?, _ desk: CredentialDesk?,
        _ time: TimeKeeper
    ) throws(SetupError) -> any SinkPort {
        let sink = sinks[index]
        switch sink.kind {
        case .file(let settings): return FileSinkPort(settings: settings, worker: worker)
        case .network(_, _, let plan):
            guard let network else { preconditionFailure("a network sink has a client") }
            var keeper: CredentialKeeper?
            if case .signed(_, _, _, let settings) = plan.authorization {
                keeper = desk?.keeper(of: settings, sink: index, name: sink.name)
            }
            return try NetworkPort(plan: plan, client: network, keeper: keeper, time: time)
        }
    }

    private func gatewaySettings(
        _ start: Moment, _ boot: BootID, _ time: TimeKeeper
    ) throws(SetupError) -> GatewaySettings {
        var settings: [SinkSettings] = []
        for sink in sinks {
            let kind: SinkSettings.Kind =
                switch sink.kind {
                case .file: .file
                case .network(_, let kind, _): kind
                }
            settings.append(
                SinkSettings(
                    name: try name(sink.name, "sink"), kind: kind, takes: sink.takes,
                    batchRecords: sink.batchRecords, flushNanoseconds: sink.flushNanoseconds,
                    order: sink.order, drainRate: sink.drainRate))
        }
        var gateway = GatewaySettings(
            device: Array(device.utf8), boot: boot,
            session: UInt32(truncatingIfNeeded: Entropy.draw()),
            sensors: try sensorSettings(),
            sinks: settings, syncNanoseconds: syncNanoseconds, seed: Entropy.draw())
        gateway.md5 = LibCrypto.md5Function
        gateway.lazyNanoseconds = lazyNanoseconds
        gateway.manners = manners
        gateway.syncsEach = syncsEach
        gateway.refusesWhenFull = refusesWhenFull
        gateway.start = start
        gateway.startClock = time.state(at: start.monotonicNanoseconds)
        gateway.clockNotes = time.notes
        return gateway
    }

    private func sensorSettings() throws(SetupError) -> [SensorSettings] {
        var settings: [SensorSettings] = []
        for sensor in sensors {
            settings.append(
                SensorSettings(name: try name(sensor.name, "sensor"), limits: sensor.limits))
        }
        return settings
    }

    private func name(_ text: String, _ what: String) throws(SetupError) -> SensorName {
        guard let name = SensorName(text) else {
            throw SetupError(
                "\(what) \(text): the name is longer than \(SensorName.limit) bytes")
        }
        return name
    }
}
