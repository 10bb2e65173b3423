import CDiffusion

#if canImport(Foundation)
import Foundation
#endif

/// What a call came to. A later version of the library may have other numbers.
public struct DiffusionStatus: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    public static let nullPointer = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_NULL_POINTER))
    public static let invalidArgument = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_INVALID_ARGUMENT))
    public static let invalidUTF8 = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_INVALID_UTF8))
    public static let io = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_IO))
    public static let badModel = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_BAD_MODEL))
    public static let unsupported = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_UNSUPPORTED))
    public static let runtimeMissing = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_RUNTIME_MISSING))
    public static let providerUnavailable = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_PROVIDER_UNAVAILABLE))
    public static let outOfMemory = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_OUT_OF_MEMORY))
    public static let cancelled = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_CANCELLED))
    public static let busy = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_BUSY))
    public static let numeric = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_NUMERIC))
    public static let graphFailed = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_GRAPH_FAILED))
    public static let `internal` = DiffusionStatus(rawValue: number(DIFFUSION_STATUS_INTERNAL))
}

/// What failed, as the library's own sentence: what, where, and what is allowed.
public struct DiffusionError: Error, CustomStringConvertible, Sendable {
    public let status: DiffusionStatus
    public let message: String

    public var description: String { message }
}

#if canImport(Foundation)
extension DiffusionError: LocalizedError {
    public var errorDescription: String? { message }
}
#endif

/// The library as a whole.
public enum DiffusionLibrary {
    /// Such as "0.1.0".
    public static var version: String { String(cString: diffusion_version_string()) }

    /// Loads ONNX Runtime from a library, or from a folder that holds one; nil searches. Opening a model does it, too.
    public static func initializeRuntime(_ library: String? = nil) throws {
        try check(withText(library) { diffusion_runtime_initialize($0, $1) })
    }

    /// ONNX Runtime's version, place and providers, as a JSON object.
    public static func runtimeInfoJSON() throws -> String {
        var json: UnsafePointer<CChar>?
        try check(diffusion_runtime_info_json(&json))
        return String(cString: json!)
    }

    /// Uses the ONNX Runtime that the program has loaded itself: what its `OrtGetApiBase()` returned. Must come before everything
    /// else that loads one; its library must stay loaded.
    public static func useAPIBase(_ apiBase: UnsafeRawPointer?) throws {
        try check(diffusion_runtime_use_api_base(apiBase))
    }

    /// A weak hint of how many bytes opening a model with these options takes at most, and how many it has once it is open, as
    /// the CPU holds it. Drawing takes more, which grows with the size of the pictures.
    public static func estimateMemory(
        _ folder: String, options: DiffusionOptions = DiffusionOptions()
    ) throws -> (opening: UInt64, open: UInt64) {
        var opening: UInt64 = 0
        var open: UInt64 = 0
        try options.withNative { native in
            try check(withText(folder) { diffusion_estimate_memory($0, $1, native, &opening, &open) })
        }
        return (opening, open)
    }

    public static var schedulers: [String] { names(diffusion_scheduler_name) }
    public static var providers: [String] { names(diffusion_provider_name) }
    public static var previewModes: [String] { names(diffusion_preview_mode_name) }

    private static func names(_ at: (Int64) -> UnsafePointer<CChar>?) -> [String] {
        var found: [String] = []
        while let name = at(Int64(found.count)) {
            found.append(String(cString: name))
        }
        return found
    }
}

/// The number of a value of the header's enumerations, whose raw type differs between systems.
func number<Value: RawRepresentable>(_ value: Value) -> Int32 where Value.RawValue: BinaryInteger {
    Int32(value.rawValue)
}

/// Throws what a call on this thread just failed with.
func check(_ status: Int32) throws {
    if status != number(DIFFUSION_STATUS_OK) {
        throw DiffusionError(
            status: DiffusionStatus(rawValue: status), message: String(cString: diffusion_last_error_message()))
    }
}

/// A text as the header wants it: UTF-8 and its length. nil is NULL and 0.
func withText(_ text: String?, _ call: (UnsafePointer<CChar>?, Int) -> Int32) -> Int32 {
    guard var text else { return call(nil, 0) }
    return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { call($0.baseAddress, $0.count) }
    }
}
