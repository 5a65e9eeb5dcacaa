/* For tests under Wine alone. Rust's std asks bcryptprimitives.dll for ProcessPrng and for nothing
   else; Wine 8.0 has no such DLL. RtlGenRandom, which advapi32 exports as SystemFunction036, gives
   random bytes on every Windows. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    const SIZE_T most = 1 << 16;
    for (SIZE_T done = 0; done < length; done += most) {
        SIZE_T left = length - done;
        if (!SystemFunction036(data + done, (ULONG)(left < most ? left : most)))
            return FALSE;
    }
    return TRUE;
}
