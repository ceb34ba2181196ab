// Recognition of one file with the official Java client.
//
// Reproduces the Java program of the vendor's page on speech recognition: `Recognition.call` with a
// parameter object and a file, then the duplex connection closed. Only the URL, the key, the model
// and the file name come from outside.
//
//   MYNAH_URL=... DASHSCOPE_API_KEY=... java -cp ... Main.java paraformer-realtime-v2 a.wav

import com.alibaba.dashscope.audio.asr.recognition.Recognition;
import com.alibaba.dashscope.audio.asr.recognition.RecognitionParam;
import com.alibaba.dashscope.utils.Constants;
import java.io.File;

public class Main {
    public static void main(String[] args) {
        Constants.baseWebsocketApiUrl = System.getenv("MYNAH_URL");

        Recognition recognizer = new Recognition();
        RecognitionParam param = RecognitionParam.builder()
                .model(args[0])
                .apiKey(System.getenv("DASHSCOPE_API_KEY"))
                .format("wav")
                .sampleRate(16000)
                .parameter("language_hints", new String[] {"zh", "en"})
                .build();

        int status = 0;
        try {
            System.out.println("Recognition result: " + recognizer.call(param, new File(args[1])));
            System.out.println("[Metric] requestId: " + recognizer.getLastRequestId()
                    + ", first package delay ms: " + recognizer.getFirstPackageDelay()
                    + ", last package delay ms: " + recognizer.getLastPackageDelay());
        } catch (Exception e) {
            e.printStackTrace();
            status = 1;
        } finally {
            recognizer.getDuplexApi().close(1000, "bye");
        }
        System.exit(status);
    }
}
