internal import CEdit
internal import Glibc

/// A line that is typed at a terminal, with history, completion, and lines that come meanwhile
/// above it (libedit).
@safe
public final class LineEditor {
    /// Texts that C looks at as long as the editor lives.
    @safe
    private final class Texts {
        let words: UnsafeMutablePointer<UnsafePointer<CChar>?>
        private let copies: [UnsafeMutablePointer<CChar>?]

        init(_ words: [String]) {
            unsafe copies = unsafe words.map { unsafe strdup($0) }
            unsafe self.words = .allocate(capacity: words.count + 1)
            for index in unsafe copies.indices {
                unsafe self.words.advanced(by: index).initialize(
                    to: copies[index].map { unsafe UnsafePointer($0) })
            }
            unsafe self.words.advanced(by: words.count).initialize(to: nil)
        }

        deinit {
            unsafe copies.forEach { unsafe free($0) }
            unsafe words.deallocate()
        }
    }

    /// What C calls back with.
    @safe
    private final class Context {
        let tick: () -> String
        var shown: UnsafeMutablePointer<CChar>?

        init(tick: @escaping () -> String) {
            self.tick = tick
            unsafe shown = nil
        }

        deinit { unsafe free(shown) }
    }

    private let texts: Texts
    private let context: Context
    private let prompts: [UnsafeMutablePointer<CChar>?]
    private let editor: OpaquePointer

    /// On standard input and output. `tick` is asked every second for text to show above the line.
    /// nil: the terminal cannot be used.
    public init?(words: [String], prompts: [String], tick: @escaping () -> String) {
        precondition(!prompts.isEmpty, "a line has a prompt")
        texts = Texts(words)
        context = Context(tick: tick)
        unsafe self.prompts = unsafe prompts.map { unsafe strdup($0) }
        let address = unsafe Unmanaged.passUnretained(context).toOpaque()
        let opened = unsafe pulsegate_editor_open(
            "pulsegate", self.prompts[0], texts.words,
            { context in
                guard let context = unsafe context else { return nil }
                let own = unsafe Unmanaged<Context>.fromOpaque(context).takeUnretainedValue()
                unsafe free(own.shown)
                unsafe own.shown = unsafe strdup(own.tick())
                return unsafe UnsafePointer(own.shown)
            }, address)
        guard let opened = unsafe opened else { return nil }
        unsafe editor = unsafe opened
    }

    deinit {
        unsafe pulsegate_editor_close(editor)
        unsafe prompts.forEach { unsafe free($0) }
    }

    /// The next line; nil at the end of the input. `prompt` is the index of one of the prompts;
    /// what is typed at any but the first is not remembered.
    public func read(prompt: Int = 0) -> String? {
        unsafe pulsegate_editor_ask(editor, prompts[prompt], prompt == 0 ? 0 : 1)
        guard let line = unsafe pulsegate_editor_read(editor) else { return nil }
        return unsafe String(cString: line)
    }
}
