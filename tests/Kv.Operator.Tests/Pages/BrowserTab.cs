using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Kv.Operator.Tests.Pages;

/// <summary>A tab of a browser: what it shows, what it asked for, and what it complained about.</summary>
public sealed class BrowserTab : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Browser _browser;
    private readonly string _session;
    private readonly string _target;
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal BrowserTab(Browser browser, string session, string target)
    {
        (_browser, _session, _target) = (browser, session, target);
        browser.Happened += Take;
    }

    /// <summary>What stands in its console: scripts that failed, and whatever the policy of the page refused.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    /// <summary>All that it has asked for.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public async ValueTask DisposeAsync()
    {
        _browser.Happened -= Take;
        await _browser.CallAsync("", "Target.closeTarget", new() { ["targetId"] = _target });
    }

    public Task ForbidScriptsAsync() => AskAsync("Emulation.setScriptExecutionDisabled", new() { ["value"] = true });

    /// <summary>Goes there, and waits until it is loaded.</summary>
    public async Task GoAsync(Uri address)
    {
        _loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await AskAsync("Page.navigate", new() { ["url"] = address.ToString() });
        await _loaded.Task.WaitAsync(Deadline);
    }

    /// <summary>The value of an expression, which may be a promise.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonObject answer = await AskAsync("Runtime.evaluate", new()
        {
            ["expression"] = expression,
            ["awaitPromise"] = true,
            ["returnByValue"] = true,
        });
        Assert.True(answer["exceptionDetails"] is null, answer.ToJsonString());
        return answer["result"]!["value"]?.DeepClone();
    }

    /// <summary>Waits until an expression is true; the page is looked at again whenever it has changed.</summary>
    public Task UntilAsync(string expression) => EvaluateAsync(
        $$"""
        new Promise((resolve, reject) => {
          const look = () => { if ({{expression}}) { observer.disconnect(); resolve(true); } };
          const observer = new MutationObserver(look);
          observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
          setTimeout(() => reject(new Error(document.body.innerText)), 45000);
          look();
        })
        """);

    public async Task PressAsync(string key)
    {
        foreach (string type in new[] { "keyDown", "keyUp" })
        {
            await AskAsync("Input.dispatchKeyEvent", new()
            {
                ["type"] = type,
                ["key"] = key,
                ["code"] = key,
                ["windowsVirtualKeyCode"] = key == "Tab" ? 9 : 13,
            });
        }
    }

    /// <summary>What is to be seen, as PNG; all of the page if it is longer than the window.</summary>
    public async Task<byte[]> PictureAsync(bool isWhole)
    {
        JsonObject answer = await AskAsync("Page.captureScreenshot", new()
        {
            ["format"] = "png",
            ["captureBeyondViewport"] = isWhole,
        });
        return Convert.FromBase64String((string)answer["data"]!);
    }

    internal async Task PrepareAsync(int width, int height, bool isDark)
    {
        foreach (string part in new[] { "Page", "Network", "Log", "Runtime" })
            await AskAsync($"{part}.enable", []);
        await ResizeAsync(width, height);
        await AskAsync("Emulation.setEmulatedMedia", new()
        {
            ["features"] = new JsonArray(new JsonObject
            {
                ["name"] = "prefers-color-scheme",
                ["value"] = isDark ? "dark" : "light",
            }),
        });
    }

    public Task ResizeAsync(int width, int height) => AskAsync("Emulation.setDeviceMetricsOverride", new()
    {
        ["width"] = width,
        ["height"] = height,
        ["deviceScaleFactor"] = 1,
        ["mobile"] = false,
    });

    private Task<JsonObject> AskAsync(string method, JsonObject parameters) =>
        _browser.CallAsync(_session, method, parameters);

    private void Take(string session, string name, JsonObject told)
    {
        if (session != _session)
            return;
        switch (name)
        {
            case "Page.loadEventFired":
                _loaded.TrySetResult();
                break;
            case "Network.requestWillBeSent":
                _requests.Enqueue((string)told["request"]!["url"]!);
                break;
            case "Log.entryAdded" or "Runtime.exceptionThrown":
                _complaints.Enqueue(told.ToJsonString());
                break;
            default:
                break;
        }
    }
}
