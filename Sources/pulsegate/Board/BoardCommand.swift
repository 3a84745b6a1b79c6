import GPIO
import Linux

/// `pulsegate board detect`: which board this is, and what to write into the configuration.
enum BoardCommand {
    private static let modelPath = "/proc/device-tree/model"

    static func run(_ arguments: [String]) -> Int32 {
        guard arguments == ["detect"] else {
            Console.error("board: say `board detect`; \(Usage.hint("board"))")
            return ExitStatus.usage
        }
        let model = model()
        let profile = model.flatMap { BoardProfile.find($0) }
        Console.line("board: \(model ?? "no device tree: not a Raspberry Pi")")
        let library = GPIOChip.library
        Console.line(
            "libgpiod: \(library.version)"
                + (library.debounces ? ", the kernel debounces buttons" : ""))
        let (chips, denied) = GPIOChip.all()
        for chip in chips {
            Console.line("chip: \(chip.label) (\(chip.name)), \(chip.lineCount) lines")
        }
        if let denied { Console.line("\(GPIOError.denied(path: denied))") }
        if chips.isEmpty && denied == nil { Console.line("\(GPIOError.noChips)") }
        if let profile {
            Console.line("console: \(profile.console)")
            Console.line("radio: \(profile.radio)")
        }
        guard let chip = chip(profile, chips) else { return ExitStatus.failure }
        show(chip)
        return ExitStatus.success
    }

    private static func model() -> String? {
        do throws(SystemError) {
            let bytes = try Path.contents(of: modelPath, atMost: 256)
            return String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
        } catch {
            return nil
        }
    }

    /// The board's own, or the one that there is.
    private static func chip(_ profile: BoardProfile?, _ chips: [GPIOChip]) -> GPIOChip? {
        if let profile { return chips.first { $0.label == profile.chip } }
        return chips.first { $0.lineCount > UInt32(BoardProfile.Lines.status.line) } ?? chips.first
    }

    private static func show(_ chip: GPIOChip) {
        typealias Lines = BoardProfile.Lines
        let roles = [
            ("alarm", "lamp", Lines.lamp), ("status", "status", Lines.status),
            ("sound", "buzzer", Lines.buzzer),
        ]
        for (_, name, place) in roles + [("", "button", Lines.button)] {
            guard let line = chip.line(UInt32(place.line)) else { continue }
            let holder = line.consumer.map { "held by \($0)" } ?? "free"
            Console.line(
                "line \(place.line) (\(line.name.isEmpty ? "no name" : line.name)): \(holder); "
                    + "for the \(name), pin \(place.pin)")
        }
        var text = "\n"
        for (shows, name, place) in roles {
            text += "[output \(name)]\ntype = gpio\nshows = \(shows)\nchip = \(chip.label)\n"
            text += "line = \(place.line)\n\n"
        }
        text += "[button]\nchip = \(chip.label)\nline = \(Lines.button.line)\n"
        Console.write(text)
    }
}
