# Kotlin: the JNI library with cc and the JDK's headers, the classes with Maven.
JDK := $(or $(JAVA_HOME),$(patsubst %/bin/javac,%,$(realpath $(shell command -v javac 2> /dev/null))))
JNI_SYSTEM := $(if $(filter Darwin,$(shell uname -s)),darwin,linux)
JNI := target/kotlin/$(if $(filter darwin,$(JNI_SYSTEM)),libdiffusion_jni.dylib,libdiffusion_jni.so)
JNI_ORIGIN := $(if $(filter darwin,$(JNI_SYSTEM)),@loader_path,$$ORIGIN)
JNI_SOURCES := $(wildcard bindings/kotlin/src/main/c/*.c)
JNI_HEADERS := $(wildcard bindings/kotlin/src/main/c/*.h) include/diffusion.h
# Maven leaves the classes, and what they need, where a plain java finds them.
KOTLIN_CLASSES := target/kotlin/maven/classes:target/kotlin/maven/test-classes:target/kotlin/maven/needed/*
KOTLIN_JAVA := java -Dorg.libdiffusion.folder=target/kotlin -cp "$(KOTLIN_CLASSES)"

.PHONY: kotlin test-kotlin run-kotlin

kotlin: $(JNI) use-ort

# It finds libdiffusion beside itself, or where make builds it.
$(JNI): $(JNI_SOURCES) $(JNI_HEADERS) $(LIBRARY)
	mkdir -p target/kotlin
	$(CC) -std=c11 -Wall -Wextra -Werror $(CFLAGS) -fPIC -shared -fvisibility=hidden -Iinclude -I"$(JDK)/include" \
		-I"$(JDK)/include/$(JNI_SYSTEM)" $(JNI_SOURCES) -Ltarget/release -ldiffusion \
		-Wl,-rpath,'$(JNI_ORIGIN)' -Wl,-rpath,'$(JNI_ORIGIN)/../release' -o $@

test-kotlin: $(BINDINGS)/conformance/expected.txt
	@if ! command -v mvn > /dev/null; then \
		echo '*** SKIPPED: the Kotlin binding, because there is no mvn (Debian: apt-get install maven)'; \
	elif [ ! -f "$(JDK)/include/jni.h" ]; then \
		echo '*** SKIPPED: the Kotlin binding, because there is no JDK with jni.h (Debian: apt-get install default-jdk-headless)'; \
	else \
		$(MAKE) --no-print-directory run-kotlin; \
	fi

# A dump is what the JVM's check of JNI calls (-Xcheck:jni) printed: a mistake in the C files, even where all tests pass.
run-kotlin: kotlin
	rm -rf target/kotlin/maven/surefire-reports
	mvn --batch-mode --no-transfer-progress --quiet -f bindings/kotlin/pom.xml test
	@for dump in target/kotlin/maven/surefire-reports/*.dump*; do \
		if [ -e "$$dump" ]; then cat "$$dump"; exit 1; fi; \
	done
	@sed -n 's/^Tests run.*/Kotlin: &/p' target/kotlin/maven/surefire-reports/*.txt
	$(CONFORMANCE) check Kotlin $(BINDINGS)/conformance $(KOTLIN_JAVA) org.libdiffusion.ConformanceRunnerKt
	$(KOTLIN_JAVA) DrawKt models/demo "a red house" $(BINDINGS)/kotlin.png
