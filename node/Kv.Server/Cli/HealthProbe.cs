namespace Kv;

/// <summary>The command <c>probe URL</c>: asks a running program how it is, for health checks of containers and tests
/// of releases. An image has no other program that could. Also compiled into the operator.</summary>
internal static class HealthProbe
{
    private const int ExitFailed = 1;
    private const int ExitRefused = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks once.</summary>
    /// <param name="url">An address of http or https; certificates are checked as for anybody.</param>
    /// <param name="output">Gets status and text of the answer.</param>
    /// <param name="error">Gets what was wrong if there is none.</param>
    /// <returns>The exit code: 0 if the answer is good, 1 if it is not or does not come, 2 if it is no
    /// address.</returns>
    public static async Task<int> RunAsync(string url, TextWriter output, TextWriter error)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            await error.WriteLineAsync($"{url} is no address to ask.");
            return ExitRefused;
        }

        // Whoever asks for its own health does not mean that of a proxy.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(address);
            string text = await answer.Content.ReadAsStringAsync();
            await output.WriteLineAsync($"{(int)answer.StatusCode} {text.TrimEnd()}");
            return answer.IsSuccessStatusCode ? 0 : ExitFailed;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            await error.WriteLineAsync(fault.Message);
            return ExitFailed;
        }
    }
}
