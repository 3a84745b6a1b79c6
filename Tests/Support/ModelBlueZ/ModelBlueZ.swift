public import SensorLink
public import Uplink
import Vitals

let second: Int64 = 1_000_000_000
let millisecond: Int64 = 1_000_000

/// BlueZ, its bus and its radio as a client sees them: every answer with the time, the order and
/// the oddities that were measured with bluetoothd 5.66 and 5.82. It is deterministic: the same
/// calls and faults at the same times give the same events.
///
/// Time is told to it; what happens in between is asked for with `next` and `take`.
public final class ModelBlueZ {
    /// Which of two daemons it is like where they differ.
    public enum Version: Sendable { case v566, v582 }

    public var version = Version.v582
    public var straps: [ModelStrap] = []
    public internal(set) var now: Int64
    public var random: RandomSource

    // What there is, by the parts that can fail.
    public internal(set) var busIsOpen = false
    /// Attempts to open the bus that fail.
    public var busRefusals = 0
    public internal(set) var daemonIsRunning = true
    /// It has a name on the bus and does not answer any more.
    public internal(set) var daemonHangs = false
    /// systemd starts it again by itself after this time; nil: it does not.
    public var daemonComesBack: Int64?
    public internal(set) var adapterIsPresent = true
    var isPulled = false
    public internal(set) var isPowered = true
    public internal(set) var isBlocked = false
    /// How long bluetoothd takes to switch a new adapter on by itself.
    public var autoEnable: Int64 = 100 * millisecond
    var isSwitchingOn = false
    public internal(set) var isDiscovering = false
    /// Another program discovers too.
    public var foreignDiscovery = false
    /// Nothing is seen and nothing connects until the rung is climbed.
    public var deaf: ModelStrap.Fault?
    /// Commands of the controller are not answered any more.
    public var wedged: ModelStrap.Fault?
    /// Switching on fails until the rung is climbed.
    public var powerless: ModelStrap.Fault?
    /// Answers that are lost, of a hundred.
    public var lostAnswers = 0
    /// After restartDaemon nothing happens.
    public var restartIsRefused = false

    var objects: [ModelObject] = []
    var outbox: [(event: BluetoothEvent, value: [UInt8])] = []
    var taken = 0
    private var heap: [(at: Int64, order: UInt64, work: () -> Void)] = []
    private var order: UInt64 = 0
    /// Things of an older life do not happen any more.
    var life = 0
    var scan = 0
    /// StopDiscovery calls that were not answered since discovery began.
    var ignoredStops = 0
    /// Calls that will be answered.
    var open: Set<CallID> = []

    // What was seen of the client.
    public internal(set) var connectsUnderWay = 0
    public internal(set) var mostConnects = 0
    public internal(set) var connectsWhileDiscovering = 0
    public internal(set) var calls: [BluetoothCall] = []
    public var keepsCalls = true
    public internal(set) var openedBus = 0

    public init(seed: UInt64, now: Int64) {
        random = RandomSource(seed: seed)
        self.now = now
    }

    // MARK: Time

    /// When the next event comes.
    public var next: Int64? {
        taken < outbox.count ? now : heap.first?.at
    }

    /// The next event, if there is one by `time`.
    public func take(by time: Int64) -> (event: BluetoothEvent, value: [UInt8])? {
        while taken == outbox.count {
            guard let first = heap.first, first.at <= time else { return nil }
            now = max(now, first.at)
            pop()()
        }
        taken += 1
        let event = outbox[taken - 1]
        if taken == outbox.count {
            outbox.removeAll(keepingCapacity: true)
            taken = 0
        }
        return event
    }

    public func advance(to time: Int64) { now = max(now, time) }

    func after(_ delay: Int64, _ work: @escaping () -> Void) {
        order += 1
        heap.append((now + delay, order, work))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The same, unless the daemon's life has ended by then.
    func later(_ delay: Int64, _ work: @escaping () -> Void) {
        let life = life
        after(delay) { [unowned self] in if self.life == life { work() } }
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].at, heap[one].order) < (heap[other].at, heap[other].order)
    }

    private func pop() -> () -> Void {
        let work = heap[0].work
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if isBefore(child, least) { least = child }
            }
            if least == parent { return work }
            heap.swapAt(least, parent)
            parent = least
        }
    }

    func between(_ low: Int64, _ high: Int64) -> Int64 {
        Int64.random(in: low...high, using: &random)
    }

    func emit(_ event: BluetoothEvent, _ value: [UInt8] = []) {
        guard busIsOpen else { return }
        if daemonHangs && event != .daemonVanished { return }
        outbox.append((event, value))
    }

    /// What systemd and the kernel answer, whatever the daemon does.
    func answerFromOutside(_ id: CallID, _ failure: CallFailure? = nil) {
        guard busIsOpen, open.remove(id) != nil else { return }
        outbox.append((.completed(id, failure), []))
    }

    func answer(_ id: CallID, _ failure: CallFailure?, _ value: [UInt8] = []) {
        guard !daemonHangs, open.remove(id) != nil else { return }
        if lostAnswers > 0 && between(0, 99) < Int64(lostAnswers) { return }
        emit(.completed(id, failure), value)
    }

    // MARK: Actions

    public func perform(_ action: BluetoothAction) {
        switch action {
        case .openBus: openBus()
        case .abandon(let id): open.remove(id)
        case .call(let id, let call):
            if keepsCalls { calls.append(call) }
            guard busIsOpen else { return }
            open.insert(id)
            begin(id, call)
        }
    }

    /// Calls that the client still waits for.
    public var openCalls: Int { open.count }

    public var objectCount: Int { objects.count }

    private func openBus() {
        openedBus += 1
        if busRefusals > 0 {
            busRefusals -= 1
            outbox.append((.busClosed, []))
            return
        }
        busIsOpen = true
        // The bus says this itself, whatever the daemon does.
        outbox.append((.busOpened, []))
        if daemonIsRunning { outbox.append((.daemonAppeared, [])) }
    }
}
