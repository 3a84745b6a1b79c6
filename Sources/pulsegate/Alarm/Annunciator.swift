import Alarm
import GPIO
import Linux

/// Lamps, buzzers and the button: what the panel says becomes light and sound.
///
/// It decides nothing but when a level changes. It runs in the poll loop, by the loop's deadline,
/// and setting a level neither allocates nor waits: an ioctl, or a write to sysfs.
final class Annunciator {
    private let ports: [OutputPort]
    private let buttonPlan: ButtonPlan?
    private var button: GPIOLine?
    private var debouncer = Debouncer(quietNanoseconds: 0)
    private var buttonRetryAt: Int64 = 0
    private var buttonTrouble: String?
    private let log: Log
    /// Increased with every button that is taken: its descriptor is another one then, even where
    /// it has the number of one before.
    private(set) var buttonGeneration = 0

    init(outputs: [OutputPlan], button: ButtonPlan?, log: Log) {
        ports = outputs.map { OutputPort($0, log: log) }
        buttonPlan = button
        self.log = log
        if let button { debouncer = Debouncer(quietNanoseconds: button.debounceNanoseconds) }
    }

    var hasOutputs: Bool { !ports.isEmpty }

    /// The descriptor to watch for edges; the kernel forgets one that was closed.
    var buttonNumber: Int32? { button?.number }

    /// The panel may have changed: every output follows, at once.
    func follow(_ panel: borrowing AlarmPanel, now: Int64) {
        for port in ports { port.follow(panel, now: now) }
    }

    /// Levels that change by the passing of time.
    func advance(_ now: Int64) {
        for port in ports { port.drive(now) }
    }

    /// Takes what is not held, at the start and where it was lost. It opens chips one after the
    /// other, so no alarm may be waiting.
    func take(_ now: Int64) {
        for port in ports { port.take(now) }
        openButton(now)
    }

    /// When `advance` or `take` has something to do (monotonic nanoseconds).
    func deadline(now: Int64) -> Int64? {
        var due: Int64? = buttonPlan != nil && button == nil ? buttonRetryAt : nil
        for port in ports {
            if let time = port.deadline(now: now) { due = min(due ?? time, time) }
        }
        return due
    }

    /// One line for each output that is not there.
    var troubles: [String] {
        var texts = ports.compactMap { port in
            port.trouble.map { "output \(port.plan.name): \($0)" }
        }
        if let buttonTrouble { texts.append("button: \(buttonTrouble)") }
        return texts
    }

    /// The button's line has an edge. Answers whether somebody has pressed it.
    func takeEdge(now: Int64) -> Bool {
        guard let line = button else { return false }
        do throws(GPIOError) {
            return debouncer.note(isPress: try line.takeEdge(), at: now)
        } catch {
            button = nil
            loseButton(error, now)
            return false
        }
    }

    /// Everything off and given back.
    func close() {
        for port in ports { port.close() }
        button = nil
    }

    private func openButton(_ now: Int64) {
        guard let plan = buttonPlan, button == nil, now >= buttonRetryAt else { return }
        do throws(GPIOError) {
            let line = try GPIOLine(
                button: plan.wiring, consumer: "pulsegate button",
                debounceNanoseconds: plan.debounceNanoseconds)
            button = line
            buttonGeneration += 1
            if buttonTrouble != nil { log.write(.notice, "button: works again") }
            buttonTrouble = nil
        } catch {
            loseButton(error, now)
        }
    }

    private func loseButton(_ error: GPIOError, _ now: Int64) {
        buttonRetryAt = now + 5_000_000_000
        let text = "\(error)"
        if buttonTrouble != text {
            log.write(
                .error, "button: \(text); `pulsegate alarm ack` acknowledges without it")
        }
        buttonTrouble = text
    }
}
