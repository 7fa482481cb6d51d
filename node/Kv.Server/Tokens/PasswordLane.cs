using System.Collections.Concurrent;
using System.Text;
using BCrypt.Net;
using Kv.Server.Calls;
using Kv.Store;
using Hashing = BCrypt.Net.BCrypt;

namespace Kv.Server.Tokens;

/// <summary>Hashes passwords and compares them with hashes, which takes long by design: with cost 10, a twentieth of a
/// second. So it has threads of its own, at most half as many as there are processors, which give way to all other
/// work; nobody who reads or writes keys waits for those who log in. Who comes when too many wait is refused at
/// once.</summary>
internal sealed class PasswordLane : IDisposable
{
    // bcrypt takes no more of a password; Go's refuses longer ones, when they are to be hashed.
    private const int PasswordBytesMax = 72;

    private const int WaitingPerThread = 64;

    // As the threads of a program that runs beside others: they get what those leave over, or a tenth.
    private const int Niceness = 10;

    private readonly BlockingCollection<Work> _waiting;
    private readonly int _cost;
    private readonly string _nobodys;

    /// <param name="cost">For new hashes: so many rounds as two to this.</param>
    public PasswordLane(int cost)
        : this(cost, Math.Max(1, Environment.ProcessorCount / 2), WaitingPerThread)
    {
    }

    internal PasswordLane(int cost, int threads, int waitingPerThread)
    {
        _cost = cost;
        _nobodys = $"$2a${cost:00}$" + new string('.', 53);
        _waiting = new BlockingCollection<Work>(threads * waitingPerThread);
        for (int index = 0; index < threads; index++)
            new Thread(Run) { IsBackground = true, Name = $"passwords-{index}" }.Start();
    }

    /// <summary>The hash, as it is logged: bcrypt's text in base64. Throws with etcd's status if the password is too
    /// long, or too many wait.</summary>
    public Task<string> HashAsync(string password, CancellationToken cancelled)
    {
        if (Encoding.UTF8.GetByteCount(password) > PasswordBytesMax)
            throw Refusal.ToException(KvError.PasswordTooLong);
        return Enqueue(
            () => Convert.ToBase64String(Encoding.ASCII.GetBytes(Hashing.HashPassword(password, _cost))), cancelled);
    }

    /// <summary>Whether the password is the one that was hashed. A hash of nobody, null, costs the same time: from how
    /// long the answer takes, nobody learns which users there are.</summary>
    public Task<bool> IsRightAsync(string password, string? hash, CancellationToken cancelled) =>
        Enqueue(() => Verify(password, hash ?? _nobodys) && hash is not null, cancelled);

    /// <summary>Ends the threads when they are done with what waits.</summary>
    public void Dispose() => _waiting.CompleteAdding();

    // What was stored is no hash if the log of a foreign program said so: then no password is right.
    private static bool Verify(string password, string hash)
    {
        try
        {
            return Hashing.Verify(password, hash);
        }
        catch (SaltParseException)
        {
            return false;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private Task<T> Enqueue<T>(Func<T> work, CancellationToken cancelled)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var item = new Work(() => Finish(done, work, cancelled));
        bool hasRoom = !_waiting.IsAddingCompleted && _waiting.TryAdd(item);
        return hasRoom ? done.Task : throw Refusal.ToException(KvError.TooManyRequests);
    }

    // Who has gone is not worked for.
    private static void Finish<T>(TaskCompletionSource<T> done, Func<T> work, CancellationToken cancelled)
    {
        if (cancelled.IsCancellationRequested)
            done.TrySetCanceled(cancelled);
        else
            done.TrySetResult(work());
    }

    private void Run()
    {
        ThreadPriorities.GiveWay(Niceness);
        foreach (Work next in _waiting.GetConsumingEnumerable())
            next.Run();
    }

    private readonly record struct Work(Action Run);
}
