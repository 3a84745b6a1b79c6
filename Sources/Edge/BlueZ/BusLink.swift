internal import Bytes
internal import CDBus
internal import Linux

/// A private connection of libdbus inside a poller of its own, which nests in the program's.
///
/// libdbus is asked to do what never waits and nothing else: it opens a socket whose bus has just
/// answered, writes what fits, reads what is there. It has no time-outs here: who asks keeps the
/// deadline, and answers are matched by the serial of their call, so libdbus keeps no list of
/// calls either.
@safe
final class BusLink {
    /// What is ready, by the kind of its descriptor.
    enum Ready: UInt64 { case bus, probe, timer, radio, packets }

    /// The longest message and all that were received and not read. GetManagedObjects with a
    /// connected sensor of 30 objects takes 15 kB of it for each, a device in range 1 kB.
    static let receivedBytesMax = 4 * 1_048_576
    /// What may wait for a bus that does not read. A call takes 200 bytes.
    static let sentBytesMax = 65_536
    /// The bus itself lets no more through with one message (dbus-daemon(1), max_message_unix_fds).
    private static let descriptorsMax = 16
    /// libdbus has one for reading and one for writing.
    private static let watchesMax = 4
    private static let batch = 32

    private struct Event: BitwiseCopyable {
        var token: UInt64
        var flags: UInt32
    }

    /// `DBusWatch`: libdbus's, until it is removed.
    @safe
    fileprivate struct Watch: BitwiseCopyable {
        let raw: OpaquePointer

        init(_ raw: OpaquePointer) { unsafe self.raw = raw }

        var socket: Int32 { unsafe dbus_watch_get_unix_fd(raw) }
        var isEnabled: Bool { unsafe dbus_watch_get_enabled(raw) != 0 }
        var flags: UInt32 { unsafe dbus_watch_get_flags(raw) }
    }

    private var poller: Poller
    private var connection: OpaquePointer?
    private var watches = FixedArray<Watch>(capacity: BusLink.watchesMax)
    private var events = FixedArray<Event>(capacity: BusLink.batch)
    /// A watch that the kernel refused inside a callback, which can not throw.
    private var refusedWatch: SystemError?

    init() throws(SystemError) { poller = try Poller() }

    deinit { disconnect() }

    var number: Int32 { poller.number }

    /// Watches a descriptor for reading; `index` comes back with it.
    func watch(_ number: Int32, as ready: Ready, index: Int = 0) throws(SystemError) {
        try poller.set(
            number, token: ready.rawValue << 32 | UInt64(index), readable: true, writable: false)
    }

    func ignore(_ number: Int32) { poller.remove(number) }

    /// Hands over what is ready, without waiting; what is libdbus's own is done first.
    func service(_ body: (Ready, _ index: Int, _ hasFailed: Bool) -> Void) throws(SystemError) {
        events.removeAll()
        // libdbus changes the poller when it is told of an event, so they are taken first.
        try poller.wait(timeoutNanoseconds: 0) { readiness in
            guard !events.isFull else { return }
            let flags =
                (readiness.readable ? DBUS_WATCH_READABLE.rawValue : 0)
                | (readiness.writable ? DBUS_WATCH_WRITABLE.rawValue : 0)
                | (readiness.failed ? DBUS_WATCH_HANGUP.rawValue : 0)
            events.append(Event(token: readiness.token, flags: flags))
        }
        for index in 0..<events.count {
            let event = events[index]
            guard let ready = Ready(rawValue: event.token >> 32) else { continue }
            if ready == .bus {
                handle(event.flags)
            } else {
                body(
                    ready, Int(truncatingIfNeeded: event.token & 0xFFFF_FFFF),
                    event.flags & DBUS_WATCH_HANGUP.rawValue != 0)
            }
        }
        if let error = refusedWatch {
            refusedWatch = nil
            throw error
        }
    }

    // MARK: libdbus

    var isConnected: Bool {
        guard let connection = unsafe connection else { return false }
        return unsafe dbus_connection_get_is_connected(connection) != 0
    }

    /// Opens the address, whose bus should have shown that it answers: connect(2) waits while
    /// the queue of a listener is full. Authentication goes on in `service`. nil, or the name of
    /// libdbus's error.
    func connect(to address: String) -> String? {
        precondition(unsafe connection == nil, "a link has one connection at a time")
        // libdbus writes with MSG_NOSIGNAL, so signals are left as they are.
        dbus_connection_set_change_sigpipe(0)
        var error = unsafe DBusError()
        unsafe dbus_error_init(&error)
        defer { unsafe dbus_error_free(&error) }
        guard let opened = unsafe dbus_connection_open_private(address, &error) else {
            return unsafe error.name.map { unsafe String(cString: $0) } ?? "no memory"
        }
        unsafe connection = opened
        unsafe dbus_connection_set_exit_on_disconnect(opened, 0)
        unsafe dbus_connection_set_max_message_size(opened, Self.receivedBytesMax)
        unsafe dbus_connection_set_max_received_size(opened, Self.receivedBytesMax)
        unsafe dbus_connection_set_max_message_unix_fds(opened, Self.descriptorsMax)
        unsafe dbus_connection_set_max_received_unix_fds(opened, Self.descriptorsMax)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let isSet = unsafe dbus_connection_set_watch_functions(
            opened, onAdd, onRemove, onToggle, context, nil)
        guard isSet != 0 else {
            disconnect()
            return "no memory"
        }
        return nil
    }

    /// Closes the connection, if there is one, and forgets what was received.
    func disconnect() {
        guard let closing = unsafe connection else { return }
        unsafe connection = nil
        // libdbus takes its watches back here.
        unsafe dbus_connection_close(closing)
        unsafe dbus_connection_unref(closing)
        refusedWatch = nil
        precondition(watches.isEmpty, "libdbus removes the watches of a closed connection")
    }

    /// Sends the message, or as much of it as can be written now; the serial that its answer
    /// will have, nil when there is no memory for it or too much waits already.
    func send(_ message: borrowing Message) -> UInt32? {
        guard let connection = unsafe connection,
            unsafe dbus_connection_get_outgoing_size(connection) <= Self.sentBytesMax
        else { return nil }
        var serial: UInt32 = 0
        let isSent = unsafe dbus_connection_send(connection, message.raw, &serial)
        return isSent != 0 ? serial : nil
    }

    /// The next message that has come; nil when there is none.
    func receive() -> Message? {
        guard let connection = unsafe connection else { return nil }
        return unsafe Message(owning: dbus_connection_pop_message(connection))
    }

    private func handle(_ flags: UInt32) {
        var isTold = false
        var index = 0
        // libdbus may take watches back meanwhile.
        while index < watches.count {
            let watch = watches[index]
            index += 1
            let wanted = watch.flags | DBUS_WATCH_HANGUP.rawValue
            guard watch.isEnabled, flags & wanted != 0 else { continue }
            isTold = true
            // False is for want of memory: what is left is handled at the next call.
            _ = unsafe dbus_watch_handle(watch.raw, flags & wanted)
        }
        // A hang-up that nobody was told of would come again and again.
        if !isTold, watches.count > 0 { update(watches[0].socket) }
    }

    fileprivate func add(_ watch: Watch) -> Bool {
        guard !watches.isFull else { return false }
        watches.append(watch)
        update(watch.socket)
        return true
    }

    fileprivate func remove(_ watch: Watch) {
        for index in 0..<watches.count where unsafe watches[index].raw == watch.raw {
            watches[index] = watches[watches.count - 1]
            watches.truncate(to: watches.count - 1)
            break
        }
        update(watch.socket)
    }

    /// Watches `number` for what the watches on it are enabled for. One that is watched for
    /// nothing is taken out: its hang-up would make the poller ready all the time.
    fileprivate func update(_ number: Int32) {
        guard number >= 0 else { return }
        var wanted: UInt32 = 0
        for index in 0..<watches.count {
            let watch = watches[index]
            if watch.socket == number && watch.isEnabled { wanted |= watch.flags }
        }
        guard wanted != 0 else {
            poller.remove(number)
            return
        }
        do throws(SystemError) {
            try poller.set(
                number, token: Ready.bus.rawValue << 32,
                readable: wanted & DBUS_WATCH_READABLE.rawValue != 0,
                writable: wanted & DBUS_WATCH_WRITABLE.rawValue != 0)
        } catch {
            refusedWatch = error
        }
    }
}

/// The link that libdbus was told with its functions. It is alive: its `deinit` closes the
/// connection.
private func link(_ context: UnsafeMutableRawPointer) -> BusLink {
    unsafe Unmanaged<BusLink>.fromOpaque(context).takeUnretainedValue()
}

/// `DBusAddWatchFunction`
private func onAdd(
    _ watch: OpaquePointer?, _ context: UnsafeMutableRawPointer?
) -> dbus_bool_t {
    guard let watch = unsafe watch, let context = unsafe context else { return 0 }
    return unsafe link(context).add(BusLink.Watch(watch)) ? 1 : 0
}

/// `DBusRemoveWatchFunction`
private func onRemove(_ watch: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
    guard let watch = unsafe watch, let context = unsafe context else { return }
    unsafe link(context).remove(BusLink.Watch(watch))
}

/// `DBusWatchToggledFunction`
private func onToggle(_ watch: OpaquePointer?, _ context: UnsafeMutableRawPointer?) {
    guard let watch = unsafe watch, let context = unsafe context else { return }
    unsafe link(context).update(BusLink.Watch(watch).socket)
}
