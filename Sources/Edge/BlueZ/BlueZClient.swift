internal import Bytes
internal import CDBus
internal import Glibc
internal import Linux
public import SensorLink

/// BlueZ on the system bus, inside the program's one poller: nothing here waits.
///
/// The client has a poller of its own. That poller's `number` goes into the program's poller;
/// when it is readable, call `service`, then take what `nextEvent` has until it has nothing. So
/// it is after every `perform` too: what fails at once comes as an event all the same.
///
/// The connection to the bus opens in steps: a probe that the bus answers, libdbus's connection,
/// Hello, match rules, the owner of `org.bluez`. Together they have `openSecondsMax`.
///
/// Signals of others than BlueZ are passed over. A message that can not be read is one event,
/// `malformedMessage`; one that is longer than 4 MiB ends the connection.
public final class BlueZClient {
    /// A bus answers in milliseconds; one that takes this long is as good as none.
    public static let openSecondsMax: Int64 = 5
    /// Calls under way at a time, and sockets of AcquireNotify.
    public static let callsMax = CallTable.limit
    /// What fails at once waits here to be taken: for every call there may be.
    private static let waitingMax = 256

    private enum Phase { case closed, probing, greeting, asking, open }

    private let addresses: [BusAddress]
    /// The address that is tried.
    private var addressIndex = 0
    private var phase = Phase.closed
    private let link: BusLink
    private let timer: Timer
    private var probe: BusProbe?
    private var answersAwaited = 0
    private var calls = CallTable()
    private var daemon = DaemonWatch()
    private var reader = EventReader()
    private var sockets = PacketSockets()
    private var waiting = FixedQueue<BluetoothEvent>(capacity: BlueZClient.waitingMax)
    /// There while a radio is being reset.
    private(set) var radioWorker: DiskWorker?
    private var radiosUnderWay = 0
    /// `openSecondsMax`; tests are less patient.
    var openNanosecondsMax = BlueZClient.openSecondsMax * 1_000_000_000
    /// Why the bus connection is not there: what `busClosed` does not say.
    public private(set) var closure = BusClosure.closed

    /// `address` is a D-Bus server address; nil: DBUS_SYSTEM_BUS_ADDRESS of the environment, or
    /// the usual place. Nothing is opened yet.
    public init(address: String? = nil) throws(BlueZError) {
        let text = address ?? Self.environmentAddress() ?? BusAddress.systemBus
        guard let addresses = BusAddress.parse(text) else { throw .unsupportedAddress(text) }
        self.addresses = addresses
        do throws(SystemError) {
            link = try BusLink()
            timer = try Timer()
            try link.watch(timer.number, as: .timer)
        } catch {
            throw .system(error)
        }
    }

    deinit { radioWorker?.stop() }

    private static func environmentAddress() -> String? {
        guard let text = unsafe getenv("DBUS_SYSTEM_BUS_ADDRESS") else { return nil }
        let address = unsafe String(cString: text)
        return address.isEmpty ? nil : address
    }

    /// The descriptor for the program's poller, to be watched for reading.
    public var number: Int32 { link.number }

    /// Calls that have no answer yet.
    public var callsUnderWay: Int { calls.count }

    /// Sockets of AcquireNotify that are open.
    public var socketsOpen: Int { sockets.count }

    /// Lends the bytes of the last event, a `valueArrived` or the completion of a `readValue`, to
    /// `body`. They stay until the next call of `nextEvent`.
    public func withValue<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try reader.withValue(body)
    }

    // MARK: What is asked

    /// Does what the supervisor of the links wants. It comes to an event in any case, but for
    /// `abandon`.
    public func perform(_ action: BluetoothAction) {
        switch action {
        case .openBus: open()
        case .call(let id, let call): start(id, call)
        case .abandon(let id): calls.removeAll { other, _ in other == id }
        }
    }

    /// Closes the connection with all that belongs to it. No event says so.
    public func close() { end(.closed) }

    private func open() {
        end(.closed)
        addressIndex = 0
        timer.set(Clock.monotonicNanoseconds() + openNanosecondsMax)
        startProbe()
    }

    /// Tries the addresses from `addressIndex` on, to the first whose bus can be asked.
    private func startProbe() {
        var last = BusClosure.ended
        while addressIndex < addresses.count {
            do throws(SystemError) {
                let probe = try BusProbe(addresses[addressIndex])
                try link.watch(probe.number, as: .probe)
                self.probe = consume probe
                phase = .probing
                return
            } catch {
                last = .unreachable(error)
            }
            addressIndex += 1
        }
        fail(last)
    }

    private func start(_ id: CallID, _ call: BluetoothCall) {
        switch call {
        case .resetRadio(let adapter, let unblocks):
            resetRadio(adapter, unblocks: unblocks, id)
        case .releaseNotify(let adapter, let characteristic):
            let wasOpen = sockets.remove(adapter, characteristic, from: link)
            put(.completed(id, wasOpen ? nil : .notStarted))
        default:
            guard phase == .open, !calls.isFull, let message = CallMessage.make(call),
                let serial = link.send(message)
            else {
                put(.completed(id, .notSent))
                return
            }
            calls.insert(serial, .call(id, call))
        }
    }

    private func resetRadio(_ adapter: UInt8?, unblocks: Bool, _ id: CallID) {
        do throws(SystemError) {
            let worker: DiskWorker
            if let radioWorker {
                worker = radioWorker
            } else {
                worker = try DiskWorker(capacity: 1)
                radioWorker = worker
                try link.watch(worker.number, as: .radio)
            }
            radiosUnderWay += 1
            worker.submit(RadioReset(adapter: adapter, unblocks: unblocks, token: id.number))
        } catch {
            put(.completed(id, .notSent))
        }
    }

    private func put(_ event: BluetoothEvent) {
        let isTaken = waiting.append(event)
        precondition(isTaken, "events are taken between calls")
    }

    // MARK: What comes

    /// Handles what is ready now: some kilobytes of the bus and one packet of each socket, at
    /// most. A throw says that the kernel refused a watch.
    public func service() throws(BlueZError) {
        do throws(SystemError) {
            try link.service { ready, index, hasFailed in
                switch ready {
                case .bus: break
                case .probe: hearProbe()
                case .timer:
                    timer.clear()
                    if phase != .open && phase != .closed { fail(.timedOut) }
                case .radio: finishRadios()
                case .packets: sockets.note(index, hasFailed: hasFailed)
                }
            }
        } catch {
            throw .system(error)
        }
    }

    /// What has happened; nil when nothing more has. `withValue` lends its bytes.
    public func nextEvent() -> BluetoothEvent? {
        if let event = waiting.popFirst() { return event }
        if let event = reader.next() { return event }
        while let message = link.receive() {
            if let event = read(message) ?? waiting.popFirst() { return event }
        }
        if let event = sockets.next(&reader, in: link) { return event }
        if phase != .closed && phase != .probing && !link.isConnected {
            fail(.ended)
            return waiting.popFirst()
        }
        return nil
    }

    /// The bus answers the probe: libdbus's turn.
    private func hearProbe() {
        guard let isAlive = probe?.isAlive() else { return }
        endProbe()
        guard isAlive else {
            addressIndex += 1
            startProbe()
            return
        }
        if let name = link.connect(to: addresses[addressIndex].text) {
            fail(.refused(name))
            return
        }
        phase = .greeting
        send(CallMessage.hello(), .hello)
    }

    private func endProbe() {
        if let number = probe?.number { link.ignore(number) }
        probe = nil
    }

    /// Sends a message that opens the connection.
    private func send(_ message: consuming Message?, _ purpose: CallTable.Purpose) {
        guard let message, let serial = link.send(message) else {
            fail(.refused("no memory"))
            return
        }
        calls.insert(serial, purpose)
    }

    /// Ends the connection, and says so.
    private func fail(_ why: BusClosure) {
        end(why)
        put(.busClosed)
    }

    private func end(_ why: BusClosure) {
        endProbe()
        reader.reset()
        sockets.removeAll(from: link)
        link.disconnect()
        calls.removeAll()
        daemon.forget()
        timer.set(nil)
        phase = .closed
        closure = why
    }

    private func finishRadios() {
        guard let worker = radioWorker else { return }
        while let job = worker.nextFinished() {
            guard let reset = job as? RadioReset else { continue }
            radiosUnderWay -= 1
            put(.completed(CallID(reset.token), reset.failure.map(Self.callFailure)))
        }
        guard radiosUnderWay == 0 else { return }
        // Resets are hours or days apart: a thread and its descriptor are not kept for the next.
        link.ignore(worker.number)
        worker.stop()
        radioWorker = nil
    }

    /// Whether trying again could help, that is.
    private static func callFailure(_ error: SystemError) -> CallFailure {
        switch error.number {
        case EACCES, EPERM: .notPermitted
        case ENODEV: .unknownObject
        case ENOENT: .notPermitted
        default: .other
        }
    }

    // MARK: Messages

    private func read(_ message: consuming Message) -> BluetoothEvent? {
        switch message.kind {
        case .signal:
            if daemon.sent(message) { return reader.take(signal: message) }
            if message.isFrom("org.freedesktop.DBus") { return readNameOwner(message) }
            return nil
        case .reply, .error:
            guard let purpose = calls.remove(message.replySerial) else { return nil }
            if case .call(let id, let call) = purpose { return finish(id, call, message) }
            goOn(purpose, message)
            return nil
        case .call, .other: return nil
        }
    }

    private func readNameOwner(_ signal: borrowing Message) -> BluetoothEvent? {
        guard signal.isSignal("org.freedesktop.DBus", "NameOwnerChanged"),
            signal.hasSignature("sss")
        else { return nil }
        var arguments = MessageReader(signal)
        guard arguments.withText({ $0.equals(CallMessage.daemon) }) ?? false else { return nil }
        arguments.advance()
        arguments.advance()
        noteOwner(&arguments)
        return nil
    }

    /// Takes the name of BlueZ's connection from where `argument` stands.
    private func noteOwner(_ argument: inout MessageReader) {
        switch argument.withText({ daemon.take($0) }) ?? .none {
        case .none: break
        case .appeared: put(.daemonAppeared)
        case .vanished: forgetDaemon()
        case .replaced:
            forgetDaemon()
            put(.daemonAppeared)
        }
    }

    /// Its calls end unanswered; the bus's errors for them are not waited for.
    private func forgetDaemon() {
        calls.removeAll { _, call in call != .restartDaemon }
        sockets.removeAll(from: link)
        put(.daemonVanished)
    }

    /// Goes on with opening the connection.
    private func goOn(_ purpose: CallTable.Purpose, _ answer: borrowing Message) {
        let hasFailed = answer.kind == .error
        switch purpose {
        case .call: break
        case .hello, .addMatch:
            if hasFailed {
                fail(.refused(answer.withErrorName { String(decoding: $0) } ?? "?"))
                return
            }
            if phase == .greeting { askForDaemon() }
        case .nameOwner:
            phase = .open
            timer.set(nil)
            put(.busOpened)
            guard !hasFailed, answer.hasSignature("s") else {
                if !daemon.isThere { put(.daemonVanished) }
                return
            }
            var arguments = MessageReader(answer)
            noteOwner(&arguments)
        }
    }

    /// The bus answers in order, so that the owner's name comes last.
    private func askForDaemon() {
        phase = .asking
        for index in 0..<CallMessage.matchRuleCount where phase == .asking {
            send(CallMessage.addMatch(index), .addMatch)
        }
        if phase == .asking { send(CallMessage.nameOwner(), .nameOwner) }
    }

    private func finish(
        _ id: CallID, _ call: BluetoothCall, _ answer: consuming Message
    ) -> BluetoothEvent? {
        if answer.kind == .error { return .completed(id, Self.failure(answer)) }
        switch call {
        case .enumerate: return reader.take(objects: answer, of: id)
        case .readValue: return reader.take(value: answer, of: id)
        case .acquireNotify(let adapter, let characteristic):
            return take(socket: answer, id, adapter, characteristic)
        default: return .completed(id, nil)
        }
    }

    static func failure(_ answer: borrowing Message) -> CallFailure? {
        var arguments = MessageReader(answer)
        return answer.withErrorName { name in
            arguments.withText { CallErrors.failure(name: name, text: $0) }
                ?? CallErrors.failure(name: name, text: Span())
        } ?? .other
    }

    /// The answer of AcquireNotify: a socket, and the longest value (`hq`).
    private func take(
        socket answer: borrowing Message, _ id: CallID, _ adapter: UInt8,
        _ characteristic: CharacteristicID
    ) -> BluetoothEvent? {
        var arguments = MessageReader(answer)
        guard answer.hasSignature("hq"), let number = arguments.descriptor() else {
            put(.completed(id, .other))
            return .malformedMessage
        }
        do throws(SystemError) {
            let isKept = try sockets.add(
                FileDescriptor(owning: number), adapter, characteristic, in: link)
            return .completed(id, isKept ? nil : .notSent)
        } catch {
            return .completed(id, .notSent)
        }
    }
}
