using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Testing;

namespace Kv.Operator.Tests.Pages;

/// <summary>A real Chromium without a screen, driven by its DevTools protocol: one socket, requests with numbers,
/// answers by number, and events of the tabs.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const string Announcement = "DevTools listening on ";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _folder = new();
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _asked = new();
    private Process _process = null!;
    private Task _reading = Task.CompletedTask;
    private int _number;

    /// <summary>Told of every event: the tab, the name, what is told.</summary>
    public event Action<string, string, JsonObject>? Happened;

    public async ValueTask InitializeAsync()
    {
        var start = new ProcessStartInfo("chromium",
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-extensions",
            "--hide-scrollbars", "--font-render-hinting=none", "--remote-debugging-port=0",
            $"--user-data-dir={_folder["profile"]}", "about:blank",
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["HOME"] = _folder.Path;
        _process = Process.Start(start)!;
        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new ConcurrentQueue<string>();
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not { } text)
                address.TrySetException(new InvalidOperationException($"It ended:\n{string.Join('\n', said)}"));
            else if (text.StartsWith(Announcement, StringComparison.Ordinal))
                address.TrySetResult(text[Announcement.Length..].Trim());
            else if (said.Count < 100)
                said.Enqueue(text);
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        await _socket.ConnectAsync(new Uri(await address.Task.WaitAsync(Deadline)), _stop.Token);
        _reading = ReadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _socket.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _sending.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    /// <summary>Opens a new tab of a size, for somebody who likes it light or dark.</summary>
    public async Task<BrowserTab> OpenAsync(int width, int height, bool isDark)
    {
        JsonObject target = await CallAsync("", "Target.createTarget", new() { ["url"] = "about:blank" });
        JsonObject session = await CallAsync("", "Target.attachToTarget", new()
        {
            ["targetId"] = (string)target["targetId"]!,
            ["flatten"] = true,
        });
        var tab = new BrowserTab(this, (string)session["sessionId"]!, (string)target["targetId"]!);
        await tab.PrepareAsync(width, height, isDark);
        return tab;
    }

    /// <summary>Asks, and waits for the answer.</summary>
    internal async Task<JsonObject> CallAsync(string session, string method, JsonObject parameters)
    {
        int number = Interlocked.Increment(ref _number);
        var answer = new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[number] = answer;
        var request = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters };
        if (session.Length > 0)
            request["sessionId"] = session;
        await _sending.WaitAsync(_stop.Token);
        try
        {
            byte[] text = Encoding.UTF8.GetBytes(request.ToJsonString());
            await _socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, _stop.Token);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(Deadline);
    }

    private async Task ReadAsync()
    {
        var message = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
                message.Write(buffer.AsSpan(0, part.Count));
                if (!part.EndOfMessage)
                    continue;
                Take(JsonNode.Parse(message.ToArray())!.AsObject());
                message.SetLength(0);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or WebSocketException)
        {
            foreach (TaskCompletionSource<JsonObject> answer in _asked.Values)
                answer.TrySetException(new InvalidOperationException("The browser has gone.", end));
        }
    }

    private void Take(JsonObject message)
    {
        if (message["id"] is not { } id)
        {
            Happened?.Invoke(
                (string?)message["sessionId"] ?? "", (string)message["method"]!, message["params"]!.AsObject());
        }
        else if (_asked.TryRemove((int)id, out TaskCompletionSource<JsonObject>? answer))
        {
            if (message["error"] is { } error)
                answer.TrySetException(new InvalidOperationException(error.ToJsonString()));
            else
                answer.TrySetResult(message["result"]!.AsObject());
        }
    }
}
