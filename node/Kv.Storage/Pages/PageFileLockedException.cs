namespace Kv.Storage.Pages;

/// <summary>Another process has the page file open for writing. It may be about to end, so this is worth another
/// try.</summary>
public sealed class PageFileLockedException(string path) : IOException($"{path} is in use by another process");
