import Linux

/// Why a command cannot begin its work, in a sentence that names what is wrong and what to do.
struct SetupError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Turns a failed system call into the end of the set-up.
    static func wrap<Result: ~Copyable>(
        _ body: () throws(SystemError) -> Result
    ) throws(SetupError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw SetupError("\(error)")
        }
    }
}
