import BlueZ
import Linux
import SensorLink

/// What a session with sensors in range is opened with.
struct RadioPlan {
    var links: LinkSettings
    /// Which sensors have no name of their own and are called by the address of their device.
    var unnamed: Range<Int>
}

/// The sensors in range: BlueZ on the bus and the supervisor of the links, joined.
///
/// The bus says what happened, the supervisor what to do about it; here is only the way between
/// them. Links stay up when the program ends: BlueZ keeps them, and the next start adopts them.
final class Radio {
    /// Events handled before the loop looks at anything else. A room of 50 straps sends 50 a
    /// second.
    private static let eventsPerTurn = 256

    let plan: RadioPlan
    private let bus: BlueZClient
    private var links: LinkSupervisor
    /// The bus's failure that was said last: it repeats with every attempt.
    private var saidClosure: BusClosure?

    /// Opens nothing yet: the supervisor asks for that at its first turn.
    init(_ plan: RadioPlan) throws(SetupError) {
        self.plan = plan
        links = LinkSupervisor(settings: plan.links, now: Clock.monotonicNanoseconds())
        do throws(BlueZError) {
            bus = try BlueZClient()
        } catch {
            throw SetupError("bluetooth: \(error)")
        }
    }

    /// The descriptor for the program's poller.
    var number: Int32 { bus.number }

    /// When a turn is due although nothing has happened (monotonic nanoseconds); nil for never.
    var deadline: Int64? { links.nextDeadline }

    func status(sensor: Int) -> SensorStatus? {
        links.status(sensor: sensor, now: Clock.monotonicNanoseconds())
    }

    /// Handles what has come and what is due. `deliver` gets every measurement at once, before
    /// anything is done about links; `tell` gets what is worth a line.
    ///
    /// Answers whether there may be more: then the next turn should come without waiting.
    func turn(
        deliver: (LinkDelivery, Span<UInt8>) -> Void, tell: (LinkReport) -> Void, log: Log
    ) -> Bool {
        do throws(BlueZError) {
            try bus.service()
        } catch {
            log.write(.error, "bluetooth: \(error)")
        }
        var handled = 0
        while handled < Self.eventsPerTurn {
            if let event = bus.nextEvent() {
                handled += 1
                take(event, deliver: deliver, log: log)
                _ = carryOut()
                continue
            }
            links.advance(to: Clock.monotonicNanoseconds())
            // What fails at once comes as an event, and no descriptor says so.
            guard carryOut() else { break }
        }
        while let report = links.nextReport() { tell(report) }
        return handled == Self.eventsPerTurn
    }

    /// Closes the connection to the bus. Subscriptions end with it, links do not.
    func close() { bus.close() }

    private func take(
        _ event: BluetoothEvent, deliver: (LinkDelivery, Span<UInt8>) -> Void, log: Log
    ) {
        let now = Clock.monotonicNanoseconds()
        if event == .busClosed { sayClosure(log) }
        if event == .busOpened { saidClosure = nil }
        bus.withValue { value in
            if let delivery = links.handle(event, value: value, now: now) {
                deliver(delivery, value)
            }
        }
    }

    /// Answers whether there was something to do.
    private func carryOut() -> Bool {
        var isBusy = false
        while let action = links.nextAction() {
            bus.perform(action)
            isBusy = true
        }
        return isBusy
    }

    private func sayClosure(_ log: Log) {
        guard saidClosure != bus.closure else { return }
        saidClosure = bus.closure
        log.write(
            .warning,
            "bluetooth: system bus: \(bus.closure); tried again until it is there "
                + "(systemctl status dbus)")
    }
}
