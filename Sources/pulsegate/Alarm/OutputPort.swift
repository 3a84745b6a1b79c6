import Alarm
import GPIO
import Linux

/// One lamp or buzzer as the configuration has it.
struct OutputPlan {
    /// What it shows.
    enum Role { case alarm, status, both, sound }

    enum Device {
        case gpio(GPIOWiring)
        case led(String)
        case pwm(String)
        case bell(String)
        case file(String)
    }

    var name: String
    var role: Role
    var device: Device
}

/// The button that acknowledges.
struct ButtonPlan {
    var wiring: GPIOWiring
    var debounceNanoseconds: Int64
}

/// Why an output is not to be had, in words.
struct OutputError: Error {
    let text: String
}

/// What is held of an output.
private enum OutputDevice {
    case gpio(GPIOLine)
    case led(LEDOutput)
    case pwm(PWMOutput)
    case bell(BellOutput)
    case file(FileOutput)

    init(_ plan: OutputPlan) throws(OutputError) {
        do throws(SystemError) {
            switch plan.device {
            case .gpio(let wiring):
                do throws(GPIOError) {
                    self = .gpio(
                        try GPIOLine(output: wiring, consumer: "pulsegate \(plan.name)"))
                } catch {
                    throw SystemError(call: "\(error)", subject: "", number: 0)
                }
            case .led(let name): self = .led(try LEDOutput(name: name))
            case .pwm(let place): self = .pwm(try PWMOutput(place: place))
            case .bell(let path): self = .bell(try BellOutput(path: path))
            case .file(let path): self = .file(try FileOutput(path: path))
            }
        } catch {
            throw OutputError(text: Self.text(error))
        }
    }

    private static func text(_ error: SystemError) -> String {
        error.number == 0 ? error.call : "\(error)"
    }

    func set(_ isOn: Bool, at now: Int64) throws(OutputError) {
        do throws(SystemError) {
            switch self {
            case .gpio(let line):
                do throws(GPIOError) {
                    try line.set(isOn)
                } catch {
                    throw SystemError(call: "\(error)", subject: "", number: 0)
                }
            case .led(let led): try led.set(isOn)
            case .pwm(let buzzer): try buzzer.set(isOn)
            case .bell(let bell): try bell.set(isOn)
            case .file(let file): try file.set(isOn, at: now)
            }
        } catch {
            throw OutputError(text: Self.text(error))
        }
    }

    func play(hertz: Int) throws(OutputError) {
        guard case .pwm(let buzzer) = self else { return }
        do throws(SystemError) {
            try buzzer.play(hertz: hertz)
        } catch {
            throw OutputError(text: Self.text(error))
        }
    }
}

/// One lamp or buzzer at work: follows its pattern, and comes back after it was lost.
final class OutputPort {
    /// Between two attempts to take an output that is not there.
    private static let retryNanoseconds: Int64 = 5_000_000_000

    let plan: OutputPlan
    private var device: OutputDevice?
    private var player = PatternPlayer()
    private var isOn = false
    /// What the buzzer plays, and its note.
    private var sound = SoundPattern.silent
    private var retryAt: Int64 = 0
    /// Why it is not held; nil when it is.
    private(set) var trouble: String?
    private let log: Log

    init(_ plan: OutputPlan, log: Log) {
        self.plan = plan
        self.log = log
    }

    /// Follows the panel: takes the pattern that is its part, and the level of this moment.
    func follow(_ panel: borrowing AlarmPanel, now: Int64) {
        switch plan.role {
        case .alarm: player.play(panel.lamp.pattern, from: now)
        case .status: player.play(panel.status.pattern, from: now)
        case .both: player.play(panel.combined.pattern, from: now)
        case .sound:
            if panel.sound != sound {
                sound = panel.sound
                tune(now)
            }
            player.play(sound.pattern, from: panel.soundSince)
        }
        drive(now)
    }

    /// Takes the output where it is not held and it is time to try.
    func take(_ now: Int64) {
        guard device == nil, now >= retryAt else { return }
        open(now)
        drive(now)
    }

    /// Sets the level of this moment, where it is another than before.
    func drive(_ now: Int64) {
        guard let device else { return }
        let isOn = player.level(at: now).isOn
        guard isOn != self.isOn else { return }
        do throws(OutputError) {
            try device.set(isOn, at: now)
            self.isOn = isOn
        } catch {
            lose(error.text, now)
        }
    }

    /// When `drive` has something to do (monotonic nanoseconds).
    func deadline(now: Int64) -> Int64? {
        device == nil ? retryAt : player.level(at: now).until
    }

    /// Off, and given back.
    func close() { device = nil }

    private func tune(_ now: Int64) {
        guard let device, sound != .silent else { return }
        do throws(OutputError) {
            try device.play(hertz: sound.frequencyHertz)
        } catch {
            lose(error.text, now)
        }
    }

    private func open(_ now: Int64) {
        do throws(OutputError) {
            device = try OutputDevice(plan)
            isOn = false
            if trouble != nil { log.write(.notice, "output \(plan.name): works again") }
            trouble = nil
            tune(now)
        } catch {
            lose(error.text, now)
        }
    }

    private func lose(_ text: String, _ now: Int64) {
        device = nil
        retryAt = now + Self.retryNanoseconds
        // It repeats with every attempt: said once.
        if trouble != text {
            log.write(.error, "output \(plan.name): \(text); alarms are shown everywhere else")
        }
        trouble = text
    }
}
