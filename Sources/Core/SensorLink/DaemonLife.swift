import Uplink

/// The bus connection and the daemon behind it.
struct DaemonLife {
    var state = DaemonState.busClosed
    var cause = LinkCause.started
    var reported = DaemonState.busClosed
    /// When the next attempt is due: to open the bus, to call the daemon back, to read.
    var due: Int64
    /// `GetManagedObjects`.
    var call: PendingCall?
    /// Read the objects again: something was missing, or a call was not answered.
    var wantsRead = false
    /// A refusal by policy was reported.
    var isDenied = false
    /// systemd's refusal to restart the daemon was reported.
    var isRestartDenied = false
    var backoff = Backoff(baseNanoseconds: second / 4, capNanoseconds: 5 * second)

    /// `openBus` is answered by an event within this, or asked for again.
    static let openDeadline = 10 * second
    /// Between two readings of all objects.
    static let readPause = 2 * second

    init(now: Int64) { due = now }
}

extension LinkSupervisor {
    public var daemon: DaemonState { bus.state }

    mutating func busOpened() {
        guard bus.state == .busClosed else { return }
        bus.state = .away
        bus.cause = .progress
        bus.due = time + settings.deadlines.absence
    }

    mutating func busClosed() {
        counters.busLosses += 1
        // Every call has ended with the connection.
        loseDaemon(.busClosed)
        shared.call = abandoned(shared.call)
        shared.work = .none
        bus.state = .busClosed
        bus.isDenied = false
        bus.due = time + bus.backoff.fail(random: &random)
    }

    mutating func daemonAppeared() {
        // A second owner without a gap is a new daemon all the same.
        if bus.state == .enumerating || bus.state == .ready { loseDaemon(.daemonAway) }
        bus.state = .enumerating
        bus.cause = .progress
        bus.due = time
    }

    mutating func daemonVanished() {
        guard bus.state != .busClosed else { return }
        if bus.state != .away { counters.daemonLosses += 1 }
        loseDaemon(.daemonAway)
        if shared.work == .restarting && shared.call == nil { endShared() }
        bus.state = .away
        bus.due = time + settings.deadlines.absence
    }

    /// Every path, device and call is forgotten.
    private mutating func loseDaemon(_ cause: LinkCause) {
        bus.call = abandoned(bus.call)
        bus.wantsRead = false
        bus.cause = cause
        resetAdapters(cause)
        forgetDevices(of: nil, cause)
    }

    mutating func stepDaemon() {
        guard time >= bus.due else { return }
        switch bus.state {
        case .busClosed:
            act(.openBus)
            bus.due = time + DaemonLife.openDeadline
        case .away:
            callBack(.restartDaemon, .daemonAway)
            bus.due = shared.limit(.restartDaemon, isAway: true).nextUse(after: time)
        case .enumerating, .ready:
            guard bus.call == nil, bus.state == .enumerating || bus.wantsRead else { return }
            bus.wantsRead = false
            bus.call = begin(.enumerate, within: settings.deadlines.call)
        }
    }

    mutating func enumerated(_ failure: CallFailure?) {
        bus.call = nil
        guard failure == nil else { return readAgain() }
        bus.backoff.succeed()
        bus.isDenied = false
        bus.due = time + DaemonLife.readPause
        guard bus.state == .enumerating else { return }
        bus.state = .ready
        bus.cause = .progress
        radio.absentSince = time
        selectAdapter()
        mayBind = true
    }

    /// A daemon that does not even list its objects hangs.
    mutating func enumerationTimedOut() {
        readAgain()
        callBack(.restartDaemon, .daemonSilent, quiet: settings.deadlines.call)
    }

    private mutating func readAgain() {
        bus.wantsRead = true
        bus.due = time + max(millisecond, bus.backoff.fail(random: &random))
    }

    /// When `stepDaemon` has something to do.
    var daemonDeadline: Int64? {
        if let call = bus.call { return call.deadline }
        let waits = bus.state != .ready || bus.wantsRead
        return waits ? bus.due : nil
    }
}
